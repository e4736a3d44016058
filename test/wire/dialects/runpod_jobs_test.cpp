// read_taken_jobs() and read_jobs_to_stop(): no job is lost because of its neighbours.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wire/dialects/runpod.h"
#include "wire/json/pieces.h"

namespace vignette::runpod_jobs_test {
namespace {

constexpr std::string_view fine = R"("input":{"image":"QUJD"})";

Result<std::vector<TakenJob>> read(std::string_view body) { return read_taken_jobs(std::string(body), {}); }

// Each job as its id, or "-", and "ok" or the error's code.
std::vector<std::string> told(std::string_view body) {
    const auto jobs = read(body);
    EXPECT_TRUE(jobs.has_value()) << body << ": " << (jobs ? "" : jobs.error().message);
    std::vector<std::string> all;
    for (const TakenJob& job : jobs.value_or(std::vector<TakenJob>{})) {
        const bool invalid_json = !job.request && job.request.error().code == ErrorCode::invalid_json;
        const std::string_view outcome = job.request ? " ok" : invalid_json ? " invalid_json" : " refused";
        all.push_back((job.id ? job.id->value : "-") + std::string(outcome));
    }
    return all;
}

using Told = std::vector<std::string>;

TEST(TakenJobs, AnObjectIsOneJobAndAnArrayIsMany) {
    const std::string rest = "," + std::string(fine) + "}";
    EXPECT_EQ(told(R"({"id":"a")" + rest), Told{"a ok"});
    EXPECT_EQ(
        told(
            " \n["
            R"({"id":"a")" +
            rest +
            " ,\t"
            R"({"id":"b")" +
            rest + "] \n"
        ),
        (Told{"a ok", "b ok"})
    );
    EXPECT_EQ(told(" [ ] "), Told{});
    EXPECT_EQ(
        told(
            "\xEF\xBB\xBF"
            R"({"id":"a")" +
            rest
        ),
        Told{"a ok"}
    );
    const auto jobs = read(R"({"id":"a")" + rest);
    EXPECT_EQ(jobs->front().request->id.value, "a");
}

TEST(TakenJobs, AJobWithoutInputIsARefusedJobNotALostOne) {  // the platform drops an empty input
    EXPECT_EQ(told(R"({"id":"a"})"), Told{"a refused"});
    EXPECT_EQ(told(R"({"id":"a","input":null})"), Told{"a refused"});
    EXPECT_EQ(told(R"({"id":"a","input":{},"webhook":null})"), Told{"a refused"});
    EXPECT_EQ(read(R"({"id":"a"})")->front().request.error().code, ErrorCode::missing_image);
}

TEST(TakenJobs, TheIdIsFoundAfterABadInput) {
    for (const std::string_view input :
         {R"({"image_url":"x"})", "[]", "nul", "01", R"({"image":"\q"})", R"({"image":"\ud800"})",
          "{\"a\":\"\n\"}", "{\"a\":\"\xFF\"}", "\"\xC3\"", R"({"id":"inner","a":[{"id":"inner"}]})",
          R"("\"id\":\"no\"")", R"("a\\\\")", "{,}", "{:}", "", "{\"a\" 1}"}) {
        EXPECT_EQ(read(R"({"input":)" + std::string(input) + R"(,"id":"a"})")->front().id, JobId{"a"})
            << input;
        EXPECT_EQ(read(R"({"id":"a","input":)" + std::string(input) + "}")->front().id, JobId{"a"}) << input;
    }
}

TEST(TakenJobs, TheIdIsFoundInADeepAndInATooLongJob) {
    const std::string deep = std::string(100'000, '[') + std::string(100'000, ']');
    EXPECT_EQ(told(R"({"input":{"x":)" + deep + R"(},"id":"a"})"), Told{"a invalid_json"});
    const auto jobs = read_taken_jobs(R"({"input":{"image":"QUJD"},"id":"a"})", {.body_bytes_max = 10});
    ASSERT_TRUE(jobs.has_value());
    EXPECT_EQ(jobs->front().id, JobId{"a"});
    EXPECT_EQ(jobs->front().request.error().code, ErrorCode::too_large);
}

TEST(TakenJobs, AnIdMayBeOfAnyCharactersAndLength) {
    const std::string half_a_kilobyte_and_more(10 * 1024, 'i');
    for (const std::string& id :
         {std::string("sync-1-u1"), half_a_kilobyte_and_more, std::string("a/b?c=d&e #%\\\"'"),
          std::string("\xE2\x82\xAC"), std::string("a\nb\0c\x7F", 6), std::string("{[,]}"),
          std::string("local"), std::string(" ")}) {
        const std::string text = nlohmann::json(id).dump();
        for (const std::string& body :
             {R"({"id":)" + text + "," + std::string(fine) + "}",
              "{" + std::string(fine) + R"(,"id":)" + text + "}"}) {
            EXPECT_EQ(told(body), Told{id + " ok"});
        }
        EXPECT_EQ(told(R"({"input":7,"id":)" + text + "}"), Told{id + " refused"});
        EXPECT_EQ(told(R"({"input":nul, "\u0069d" : )" + text + " }"), Told{id + " invalid_json"});
    }
}

TEST(TakenJobs, ANumberAsAnIdIsItsText) {
    EXPECT_EQ(told(R"({"id":-17,"input":{"image":"QQ"}})"), Told{"-17 ok"});
    EXPECT_EQ(told(R"({"input":nul,"id": 1.50 })"), Told{"1.50 invalid_json"});
}

TEST(TakenJobs, WhatIsNotAnIdIsIgnored) {
    for (const std::string_view id : {"null", "\"\"", "true", "[\"a\"]", "{}", "nul", "\"\\ud800\""}) {
        EXPECT_EQ(
            read(R"({"id":)" + std::string(id) + "," + std::string(fine) + "}")->front().id, std::nullopt
        ) << id;
        EXPECT_EQ(read(R"({"input":7,"id":)" + std::string(id) + "}")->front().id, std::nullopt) << id;
    }
    EXPECT_EQ(told("{" + std::string(fine) + "}"), Told{"- ok"});
    EXPECT_EQ(told(R"({"x":{"id":"inner"},"input":7})"), Told{"- refused"});
}

TEST(TakenJobs, BadBytesInAnIdAreReplaced) {
    EXPECT_EQ(told("{\"id\":\"a\xFF\"," + std::string(fine) + "}"), Told{"a\xEF\xBF\xBD invalid_json"});
}

TEST(TakenJobs, ABadJobOfAnArraySpoilsNoOther) {
    const std::string first = R"({"id":"a",)" + std::string(fine) + "}";
    const std::string last = R"({"id":"z",)" + std::string(fine) + "}";
    struct Between {
        std::string_view text, told;
    };
    for (const Between& bad : std::vector<Between>{
             {"7", "- invalid_json"},
             {"null", "- invalid_json"},
             {"", "- invalid_json"},
             {"[{\"id\":\"no\"}]", "- invalid_json"},
             {"\"},{\"", "- invalid_json"},
             {"nul", "- invalid_json"},
             {"{}", "- refused"},
             {R"({"id":"b"})", "b refused"},
             {R"({"id":"b","input":{"image":"\q"}})", "b invalid_json"},
             {"{\"input\":\"\xFF\",\"id\":\"b\"}", "b invalid_json"},
             {"{\"input\":\"\x01\",\"id\":\"b\"}", "b invalid_json"},
             {R"({"input":{"image":,},"id":"b"} x)", "b invalid_json"},
         }) {
        const std::string body = "[" + first + "," + std::string(bad.text) + "," + last + "]";
        EXPECT_EQ(told(body), (Told{"a ok", std::string(bad.told), "z ok"})) << bad.text;
    }
}

TEST(TakenJobs, ABodyThatWasCutOffIsAnErrorAsAWhole) {
    const std::string job = R"({"id":"a\"","input":{"image":"QUJD","x":[1,{}]}})";
    for (const std::string& body : {job, "[" + job + "," + job + "]"}) {
        ASSERT_TRUE(read(body).has_value());
        for (std::size_t size = 0; size < body.size(); ++size) {
            EXPECT_FALSE(read(body.substr(0, size)).has_value()) << body.substr(0, size);
        }
    }
}

TEST(TakenJobs, ABodyThatHoldsNoJobsIsAnError) {
    for (const std::string_view body : {"", " ", "null", "7", "\"text\"", "<html>", "\x00", "}", "]"}) {
        const auto jobs = read(body);
        ASSERT_FALSE(jobs.has_value()) << body;
        EXPECT_EQ(jobs.error().code, ErrorCode::invalid_json) << body;
    }
}

TEST(TakenJobs, AListWithoutEndIsRefused) {
    const auto jobs = read("[" + std::string(5000, ',') + "]");
    ASSERT_FALSE(jobs.has_value());
    EXPECT_NE(jobs.error().message.find("more than 4096 jobs"), std::string::npos);
}

TEST(TakenJobs, PicturesOfAllJobsStayWhereTheyAreInTheBody) {
    std::string body = R"([{"id":"a","input":{"image":"QUJD"}},{"id":"b","input":{"image":"REVG"}}])";
    body.reserve(body.size() + 64);
    const char* const begin = body.data();
    const char* const end = begin + body.size();
    const auto jobs = read_taken_jobs(std::move(body), {});
    ASSERT_TRUE(jobs.has_value());
    ASSERT_EQ(jobs->size(), 2U);
    for (const TakenJob& job : *jobs) {
        const auto& image = std::get<Base64Picture>(job.request->items.front().job->pictures.front().source);
        EXPECT_TRUE(image.text.view().data() >= begin && image.text.view().data() < end);
    }
}

TEST(JsonPieces, CommasAndBracketsInsideStringsDivideNothing) {
    JsonPieces pieces(R"([ "a,]\"\\" ,{"b":[1,"}"]}, , 2 ] tail)");
    EXPECT_EQ(pieces.next(), R"("a,]\"\\")");
    EXPECT_EQ(pieces.next(), R"({"b":[1,"}"]})");
    EXPECT_EQ(pieces.next(), "");
    EXPECT_FALSE(pieces.closed());
    EXPECT_EQ(pieces.next(), "2");
    EXPECT_TRUE(pieces.closed());
    EXPECT_EQ(pieces.next(), std::nullopt);
}

std::vector<std::string> stopped(std::string_view body) {
    const auto ids = read_jobs_to_stop(body);
    EXPECT_TRUE(ids.has_value()) << body << ": " << (ids ? "" : ids.error().message);
    std::vector<std::string> all;
    for (const JobId& id : ids.value_or(std::vector<JobId>{})) all.push_back(id.value);
    return all;
}

TEST(JobsToStop, AreIdsAndAnythingElseIsLeftOut) {
    EXPECT_EQ(stopped(R"({"jobsToStop":["a","b\u20ac"]})"), (Told{"a", "b\xE2\x82\xAC"}));
    EXPECT_EQ(stopped(R"({"jobsToStop":[]})"), Told{});
    EXPECT_EQ(
        stopped(R"({"x":[{}],"jobsToStop":[1,"a",null,["b"],{"c":"d"},"","e"],"y":1})"), (Told{"a", "e"})
    );
}

TEST(JobsToStop, AnyOtherShapeIsAnError) {
    for (const std::string_view body :
         {"", "[]", "[\"a\"]", "{}", "null", R"({"jobsToStop":"a"})", R"({"jobsToStop":null})",
          R"({"jobsToStop":{"a":1}})", R"({"jobsToStop":["a")", R"({"jobsToStop":["a"],"jobsToStop":["b"]})",
          R"({"jobsToStop":["a"]} x)", "{\"jobsToStop\":[\"\xFF\"]}"}) {
        EXPECT_FALSE(read_jobs_to_stop(body).has_value()) << body;
    }
}

}  // namespace
}  // namespace vignette::runpod_jobs_test
