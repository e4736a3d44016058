#include "runpod/platform.h"

#include <gtest/gtest.h>

#include <map>

namespace vignette {
namespace {

Environment environment(std::map<std::string, std::string> values) {
    return [values = std::move(values)](std::string_view name) -> std::optional<std::string> {
        const auto found = values.find(std::string(name));
        return found == values.end() ? std::nullopt : std::optional(found->second);
    };
}

std::map<std::string, std::string> production() {
    return {
        {"RUNPOD_WEBHOOK_GET_JOB", "https://api/v2/E1/job-take/$ID?gpu=H200"},
        {"RUNPOD_WEBHOOK_POST_OUTPUT", "https://api/v2/E1/job-done/$RUNPOD_POD_ID/$ID?gpu=H200"},
        {"RUNPOD_WEBHOOK_POST_STREAM", "https://api/v2/E1/job-stream/$RUNPOD_POD_ID/$ID"},
        {"RUNPOD_WEBHOOK_PING", "https://api/v2/E1/ping/$RUNPOD_POD_ID"},
        {"RUNPOD_AI_API_KEY", "secret"},
        {"RUNPOD_POD_ID", "w1"},
        {"RUNPOD_POD_HOSTNAME", "host-7"},
    };
}

Platform read(const std::map<std::string, std::string>& values) {
    Result<Platform> platform = read_platform(environment(values));
    EXPECT_TRUE(platform) << platform.error().message;
    return *platform;
}

TEST(Platform, IdMeansTheWorkerInOneTemplateAndTheJobInTheOthers) {
    const Platform platform = read(production());
    EXPECT_EQ(
        take_address(platform, 1, Busy::no), "https://api/v2/E1/job-take/w1?gpu=H200&job_in_progress=0"
    );
    EXPECT_EQ(
        done_address(platform, "w1", {"j-u1"}, Streamed::no),
        "https://api/v2/E1/job-done/w1/j-u1?gpu=H200&isStream=false"
    );
    EXPECT_EQ(stream_address(platform, {"j-u1"}), "https://api/v2/E1/job-stream/w1/j-u1?isStream=false");
}

TEST(Platform, BothNamesOfTheWorkerAreFilledInAndAQueryIsBegunWhereNoneIs) {
    auto values = production();
    values["RUNPOD_WEBHOOK_GET_JOB"] = "http://localhost/v2/IDE/job-take/$RUNPOD_POD_ID";
    EXPECT_EQ(
        take_address(read(values), 1, Busy::yes), "http://localhost/v2/IDE/job-take/w1?job_in_progress=1"
    );
}

TEST(Platform, SeveralJobsAreAskedForInOneGo) {
    EXPECT_EQ(
        take_address(read(production()), 4, Busy::yes),
        "https://api/v2/E1/job-take-batch/w1?gpu=H200&batch_size=4&job_in_progress=1"
    );
}

TEST(Platform, TheStopChannelFollowsFromTheTakeAddress) {
    EXPECT_EQ(stop_address(read(production())), "https://api/v2/E1/job-stop/w1?gpu=H200");
    auto values = production();
    values["RUNPOD_WEBHOOK_GET_JOB"] = "http://localhost/jobs";
    EXPECT_EQ(stop_address(read(values)), std::nullopt);
}

TEST(Platform, AResultGoesToTheWorkerThatWasGivenTheJob) {
    EXPECT_EQ(
        done_address(read(production()), "w/2", {"j"}, Streamed::no),
        "https://api/v2/E1/job-done/w%2F2/j?gpu=H200&isStream=false"
    );
}

TEST(Platform, WhiteSpaceAroundAKeyIsNotPartOfItAndAKeyThatNoHeaderMayHoldIsAnError) {
    auto values = production();
    for (const char* given : {"secret\n", " secret\r\n", "\tsecret"}) {
        values["RUNPOD_AI_API_KEY"] = given;
        EXPECT_EQ(read(values).key, "secret");
    }
    for (const char* given : {"sec\nret", "sec\r\nEvil: 1", "sec ret", "sec\x7fret", "s\xC3\xA9"}) {
        values["RUNPOD_AI_API_KEY"] = given;
        const Result<Platform> platform = read_platform(environment(values));
        ASSERT_FALSE(platform) << given;
        EXPECT_EQ(platform.error().code, ErrorCode::usage);
        EXPECT_NE(platform.error().message.find("RUNPOD_AI_API_KEY"), std::string::npos);
        EXPECT_EQ(platform.error().message.find("ret"), std::string::npos);  // the key itself is not logged
    }
}

TEST(Platform, AStreamedResultSaysSo) {
    EXPECT_TRUE(done_address(read(production()), "w1", {"j"}, Streamed::yes).ends_with("isStream=true"));
}

TEST(Platform, AnIdOfAnyCharactersStaysOneSegmentOfTheAddress) {
    const std::string url = done_address(read(production()), "w1", {"a/b?c&d e%\xC3\xA9#"}, Streamed::no);
    EXPECT_EQ(url, "https://api/v2/E1/job-done/w1/a%2Fb%3Fc%26d%20e%25%C3%A9%23?gpu=H200&isStream=false");
}

TEST(Platform, APingNamesTheJobsAndNoneWhenIdle) {
    const Platform platform = read(production());
    EXPECT_EQ(ping_address(platform, {}), "https://api/v2/E1/ping/w1?runpod_version=1.12.0");
    EXPECT_EQ(
        ping_address(platform, {{"a"}, {"b,c"}}),
        "https://api/v2/E1/ping/w1?job_id=a,b%2Cc&runpod_version=1.12.0"
    );
}

TEST(Platform, APingStaysAnAddressHoweverManyJobsThereAre) {
    const std::vector<JobId> jobs(5000, JobId{std::string(40, 'x')});
    EXPECT_LT(ping_address(read(production()), jobs).size(), 65'000U);
}

TEST(Platform, AnUnhealthyReportNamesCheckAndReason) {
    EXPECT_EQ(
        unhealthy_address(read(production()), "gpu", "no device: ask support"),
        "https://api/v2/E1/ping/"
        "w1?status=unhealthy&check=gpu&reason=no%20device%3A%20ask%20support&runpod_version="
        "1.12.0"
    );
}

TEST(Platform, TheKeyIsSentAsItIs) {
    const Platform platform = read(production());
    EXPECT_EQ(request_headers(platform).front(), "Authorization: secret");
    EXPECT_EQ(ping_headers(platform), std::vector<std::string>{"Authorization: secret"});
    EXPECT_EQ(result_headers(platform, {"j-u1"}).back(), "X-Request-ID: j-u1");
}

TEST(Platform, AnIdCannotSmuggleAHeader) {
    EXPECT_EQ(
        result_headers(read(production()), {"a\r\nEvil: 1"}).back(), "X-Request-ID: a%0D%0AEvil%3A%201"
    );
}

TEST(Platform, WithoutAnAddressForJobsOrResultsThereIsNoWorker) {
    for (const char* name : {"RUNPOD_WEBHOOK_GET_JOB", "RUNPOD_WEBHOOK_POST_OUTPUT"}) {
        for (const char* value : {"", "JOB_DONE_URL", "ftp://host/"}) {
            auto values = production();
            values[name] = value;
            const Result<Platform> platform = read_platform(environment(values));
            ASSERT_FALSE(platform);
            EXPECT_NE(platform.error().message.find(name), std::string::npos);
        }
    }
}

TEST(Platform, APingIntervalIsMillisecondsAndNeverAHotLoop) {
    const auto interval = [](const char* text) {
        auto values = production();
        values["RUNPOD_PING_INTERVAL"] = text;
        return read(values).ping_interval.count();
    };
    EXPECT_EQ(interval("4000"), 4000);
    EXPECT_EQ(interval("500"), 1000);
    EXPECT_EQ(interval("soon"), 10'000);
    EXPECT_EQ(interval("-3"), 1000);
}

TEST(Platform, AWorkerWithoutAnIdMakesItsOwn) {
    auto values = production();
    values.erase("RUNPOD_POD_ID");
    EXPECT_FALSE(read(values).worker_id.empty());
    EXPECT_NE(read(values).worker_id, read(values).worker_id);
}

}  // namespace
}  // namespace vignette
