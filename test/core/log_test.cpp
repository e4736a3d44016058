#include "core/log.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

TEST(PlatformLine, HasItsKeysInThePlatformsOrder) {
    EXPECT_EQ(
        platform_line("INFO", "hello", "j1"), R"({"requestId": "j1", "message": "hello", "level": "INFO"})"
    );
    EXPECT_EQ(
        platform_line("WARN", "hello", ""), R"({"requestId": null, "message": "hello", "level": "WARN"})"
    );
}

TEST(PlatformLine, IsOneLineOfJsonWhateverAStrangerWrote) {
    const std::string nasty = "\"quoted\\\" \n\r\t\x01 \xFF \xC3\xA9 {}";
    const std::string line = platform_line("ERROR", nasty, nasty);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const Json json = Json::parse(line);
    EXPECT_NE(json["message"].get<std::string>().find("\"quoted\\\""), std::string::npos);
    EXPECT_EQ(json["message"], json["requestId"]);
}

TEST(PlatformLine, IsBoundedAndStillJson) {
    const std::string line = platform_line("INFO", std::string(100'000, '"'), std::string(10'000, 'i'));
    EXPECT_LT(line.size(), 9'000U);
    EXPECT_TRUE(Json::accept(line));
}

TEST(JsonFields, HaveTheJobAndTheRequestIfThereIsOne) {
    EXPECT_EQ(json_fields("info", "hello", {}), R"("level": "info", "message": "hello")");
    EXPECT_EQ(
        json_fields("info", "hello", {"j1", "r1"}),
        R"("level": "info", "message": "hello", "job": "j1", "request_id": "r1")"
    );
}

TEST(JsonFields, AreJsonWhateverAStrangerWrote) {
    const std::string nasty = "\"quoted\\\" \n\r\t\x01 \xFF \xC3\xA9 {}" + std::string(10'000, '"');
    const std::string line = "{" + json_fields("error", nasty, {nasty, nasty}) + "}";
    EXPECT_EQ(line.find('\n'), std::string::npos);
    EXPECT_LT(line.size(), 12'000U);
    EXPECT_EQ(Json::parse(line)["job"], Json::parse(line)["request_id"]);
}

TEST(PeopleLine, HasTheRequestAtItsEnd) {
    EXPECT_EQ(people_line("hello", {}), "hello");
    EXPECT_EQ(people_line("hello", {"j1", "r1"}), "j1 | hello request_id=r1");
}

}  // namespace
}  // namespace vignette
