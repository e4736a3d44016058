#include "wire/dialects/any_job.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/request/sole_job.h"

namespace vignette::job_json_test {
namespace {

constexpr std::string_view picture = R"("image":"QUJD")";

Result<Job> parse(std::string_view body, const Limits& limits = {}) {
    return sole_job(std::string(body), limits);
}

// An event that is fine but for what `fields` add.
std::string with(std::string_view fields) {
    return R"({"input":{)" + std::string(picture) + "," + std::string(fields) + "}}";
}

std::string event(std::string_view fields) { return R"({"input":{)" + std::string(fields) + "}}"; }

std::string nested(int arrays) {
    const auto count = static_cast<std::size_t>(arrays);
    return with("\"x\":" + std::string(count, '[') + std::string(count, ']'));
}

Job parsed(std::string_view body) {
    Result<Job> job = parse(body);
    EXPECT_TRUE(job.has_value()) << body << ": " << (job ? "" : job.error().message);
    return job ? *std::move(job) : Job{};
}

std::string_view base64_of(const Job& job) {
    return std::get<Base64Picture>(job.pictures.front().source).text.view();
}

TEST(JobJson, TheSmallestJobIsOnePicture) {
    const Job job = parsed(R"({"input":{"data_url":"data:image/png;base64,QUJD"}})");
    EXPECT_EQ(job.id.value, "local");
    EXPECT_EQ(job.pictures.front().field, "input.data_url");
    EXPECT_EQ(base64_of(job), "QUJD");
    EXPECT_EQ(job.options, CaptionOptions{});
    EXPECT_EQ(job.model, "");
    EXPECT_TRUE(job.warnings.empty());
}

TEST(JobJson, EveryOptionArrives) {
    const Job job = parsed(with(
        R"("prompt":"a \u20ac photo","max_length":40,"min_length":8.0,"num_beams":3e0,"return_tokens":true,)"
        R"("model":"demo","task":"caption","stream":false)"
    ));
    EXPECT_EQ(job.options.prompt, "a \xE2\x82\xAC photo");
    EXPECT_EQ(job.options.max_length, 40);
    EXPECT_EQ(job.options.min_length, 8);
    EXPECT_EQ(job.options.num_beams, 3);
    EXPECT_TRUE(job.options.return_tokens);
    EXPECT_EQ(job.model, "demo");
    EXPECT_TRUE(job.warnings.empty());
}

TEST(JobJson, APictureStaysWhereItIsInTheBody) {
    std::string body = event(picture);
    body.reserve(body.size() + 64);
    const char* const begin = body.data();
    const char* const end = begin + body.size();
    const Result<Job> job = sole_job(std::move(body));
    ASSERT_TRUE(job.has_value());
    EXPECT_GE(base64_of(*job).data(), begin);
    EXPECT_LT(base64_of(*job).data(), end);
}

TEST(JobJson, EveryFieldOfAPictureTakesEveryForm) {
    for (const std::string_view field : {"data_url", "image_base64", "image"}) {
        for (const std::string_view form :
             {"QUJD", "data:image/jpeg;base64,QUJD", "data:;base64,QUJD", "DATA:IMAGE/PNG;Base64,QUJD",
              "data:application/octet-stream;base64,QUJD", "data:image/png;name=a.png;base64,QUJD",
              " data:image/png;base64, QUJD\\n", "\\nQUJD "}) {
            const Job job = parsed(event("\"" + std::string(field) + "\":\"" + std::string(form) + "\""));
            EXPECT_EQ(base64_of(job), "QUJD") << form;
            EXPECT_EQ(job.pictures.front().field, "input." + std::string(field));
        }
    }
}

TEST(JobJson, EscapedSlashesOfAPictureAreUnescaped) {  // PHP writes every slash as \/
    EXPECT_EQ(base64_of(parsed(event(R"("image":"data:image\/jpeg;base64,\/9j\/4A==")"))), "/9j/4A==");
}

TEST(JobJson, AnEscapedPictureOutlivesItsReader) {
    const std::string text(200'000, 'A');
    EXPECT_EQ(base64_of(parsed(event("\"image\":\"" + text + "\\u0041\""))), text + "A");
}

TEST(JobJson, AnIdIsAStringOrANumberAndOtherwiseLocal) {
    const std::string rest = R"(,"input":{"image":"QUJD"}})";
    EXPECT_EQ(parsed(R"({"id":"sync-1\/a")" + rest).id.value, "sync-1/a");
    EXPECT_EQ(parsed(R"({"id":-17)" + rest).id.value, "-17");
    EXPECT_EQ(parsed(R"({"id":null)" + rest).id.value, "local");
    EXPECT_EQ(parsed(R"({"id":"")" + rest).id.value, "local");
    EXPECT_EQ(parsed(R"({"id":")" + std::string(512, 'i') + "\"" + rest).id.value, std::string(512, 'i'));
}

TEST(JobJson, TheRestOfTheEnvelopeIsIgnored) {
    const Job job = parsed(
        R"({"webhook":"https://x","s3Config":{"a":[1,{}]},"prompt":"no","input":{"image":"QUJD"},"batchId":[]})"
    );
    EXPECT_TRUE(job.warnings.empty());
    EXPECT_EQ(job.options, CaptionOptions{});
}

TEST(JobJson, NullIsTheSameAsAbsent) {
    const Job job = parsed(with(
        R"("data_url":null,"image_url":null,"prompt":null,"max_length":null,"return_tokens":null,"stream":null,)"
        R"("task":null,"model":null)"
    ));
    EXPECT_EQ(job.options, CaptionOptions{});
    EXPECT_EQ(job.pictures.front().field, "input.image");
}

TEST(JobJson, AByteOrderMarkIsSkipped) {
    EXPECT_EQ(base64_of(parsed("\xEF\xBB\xBF " + event(picture) + "\r\n")), "QUJD");
}

TEST(JobJson, AnUnknownFieldIsAWarningThatSuggestsTheKnownOne) {
    const std::vector<Warning> expected{
        {.field = "input.promt", .message = "unknown field, ignored; did you mean \"prompt\"?"},
        {.field = "input.numBeams", .message = "unknown field, ignored; did you mean \"num_beams\"?"},
        {.field = "input.colour", .message = "unknown field, ignored"},
    };
    EXPECT_EQ(parsed(with(R"("promt":"x","numBeams":[{"a":1e999}],"colour":"\u0041")")).warnings, expected);
}

TEST(JobJson, AnOptionForFramesWithoutAFilmIsAWarning) {
    const std::vector<Warning> expected{{.field = "input.fps", .message = "applies only to films; ignored"}};
    EXPECT_EQ(parsed(with(R"("fps":0.2)")).warnings, expected);
}

TEST(JobJson, WarningsAreBoundedAndTheLastSaysHowManyMore) {
    std::string fields;
    for (int i = 0; i < 20; ++i) fields += ",\"zz" + std::to_string(i) + "\":1";
    const Result<Job> job = parse(with(fields.substr(1)), {.warnings_max = 3});
    ASSERT_TRUE(job.has_value());
    ASSERT_EQ(job->warnings.size(), 4U);
    EXPECT_EQ(job->warnings[2].field, "input.zz2");
    EXPECT_EQ(job->warnings[3], (Warning{.field = "input", .message = "and 17 more fields were ignored"}));
}

TEST(JobJson, ALongOrWildKeyIsShownShortAndPrintable) {
    const Job job = parsed(with("\"" + std::string(100'000, 'k') + R"(":1,"a\u0000\n\u009b":2)"));
    ASSERT_EQ(job.warnings.size(), 2U);
    EXPECT_EQ(job.warnings[0].field, "input." + std::string(61, 'k') + "...");
    EXPECT_EQ(job.warnings[1].field, "input.a????");
}

TEST(JobJson, NestingIsFineUpToTheLimit) {
    EXPECT_TRUE(parse(nested(30)).has_value());  // the event and its input are two more
    EXPECT_FALSE(parse(nested(31)).has_value());
    const Result<Job> deep = parse(nested(1'000'000));
    ASSERT_FALSE(deep.has_value());
    EXPECT_EQ(deep.error().code, ErrorCode::invalid_json);
    EXPECT_NE(deep.error().message.find("nested deeper than 32 levels"), std::string::npos);
}

TEST(JobJson, WideIsNotDeep) {
    std::string lists = "\"x\":[[]";
    for (int i = 0; i < 100; ++i) lists += ",[[1]],{\"a\":{}}";
    EXPECT_TRUE(parse(with(lists + "]")).has_value());
}

TEST(JobJson, ABodyOverTheLimitIsNotRead) {
    const std::string body = event(picture);
    EXPECT_TRUE(parse(body, {.body_bytes_max = body.size()}).has_value());
    const Result<Job> job = parse(body, {.body_bytes_max = body.size() - 1});
    ASSERT_FALSE(job.has_value());
    EXPECT_EQ(job.error().code, ErrorCode::too_large);
    EXPECT_NE(job.error().message.find("at most " + std::to_string(body.size() - 1)), std::string::npos);
}

TEST(JobJson, APromptIsBoundedInBytes) {
    const auto prompt = [](std::size_t bytes) {
        return with("\"prompt\":\"" + std::string(bytes, 'p') + "\"");
    };
    EXPECT_TRUE(parse(prompt(10), {.prompt_bytes_max = 10}).has_value());
    const Result<Job> job = parse(prompt(11), {.prompt_bytes_max = 10});
    ASSERT_FALSE(job.has_value());
    EXPECT_EQ(job.error().code, ErrorCode::prompt_too_long);
    EXPECT_EQ(job.error().field, "input.prompt");
    EXPECT_NE(job.error().message.find("shorten it to 10"), std::string::npos);
}

}  // namespace
}  // namespace vignette::job_json_test
