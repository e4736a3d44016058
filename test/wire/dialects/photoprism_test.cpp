// What PhotoPrism's indexer asks of a Vision service, and what it reads.
#include "wire/dialects/photoprism.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

namespace vignette::photoprism_test {
namespace {

using Json = nlohmann::json;

VisionRequest read(std::string body, VisionTask task = VisionTask::caption) {
    return read_vision(std::move(body), task, Limits{});
}

Result<Job> job_of(std::string body, VisionTask task = VisionTask::caption) {
    VisionRequest made = read(std::move(body), task);
    Request request = TRY(std::move(made.request));
    return std::move(request.items.front().job);
}

const std::string picture = R"("images":["data:image/jpeg;base64,/9j/4AAQ"])";

TEST(PhotoPrism, ACaptionIsAskedForAsItsClientDoes) {
    const VisionRequest made = read(
        R"({"id":"b3b8","model":"demo-blip2","version":"latest","system":"Be brief.","prompt":"What is it?",)"
        R"("suffix":"","options":{"temperature":0.1,"num_ctx":4096},"stream":false,)" +
        picture + "}"
    );
    ASSERT_TRUE(made.request) << made.request.error().message;
    EXPECT_EQ(made.id, "b3b8");
    const Job& job = *made.request->items.front().job;
    EXPECT_EQ(job.model, "demo-blip2");
    EXPECT_EQ(job.options.prompt, "Be brief.\n\nWhat is it?");
    EXPECT_EQ(job.options.temperature, 0.1);
    EXPECT_EQ(job.options.preset, std::nullopt);
    EXPECT_EQ(std::get<Base64Picture>(job.pictures.front().source).text.view(), "/9j/4AAQ");
}

TEST(PhotoPrism, APictureMayBeAnAddress) {
    const auto listed = job_of(R"({"images":["https://photos.example/dl/1"]})");
    const auto alone = job_of(R"({"id":"1","url":"https://photos.example/dl/2","suffix":"","stream":false})");
    ASSERT_TRUE(listed && alone);
    EXPECT_EQ(std::get<RemotePicture>(listed->pictures.front().source).url, "https://photos.example/dl/1");
    EXPECT_EQ(std::get<RemotePicture>(alone->pictures.front().source).url, "https://photos.example/dl/2");
}

TEST(PhotoPrism, LabelsAreTags) {
    const auto job = job_of("{\"format\":\"json\",\"model\":\"latest\"," + picture + "}", VisionTask::labels);
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->options.preset, Preset::tags);
    EXPECT_EQ(job->options.prompt, std::nullopt);
    EXPECT_EQ(job->model, "");
}

TEST(PhotoPrism, OptionsAreOursByAnotherNameWithOurRanges) {
    const auto job = job_of(
        R"({"options":{"top_k":40,"top_p":0.9,"min_p":0.1,"seed":7,"num_predict":60,"repeat_penalty":1.1,)"
        R"("stop":["\n"],"mirostat":0,"num_gpu":1,"penalize_newline":true},)" +
        picture + "}"
    );
    ASSERT_TRUE(job) << job.error().message;
    EXPECT_EQ(job->options.max_length, 60);
    EXPECT_EQ(job->options.repetition_penalty, 1.1);
    EXPECT_EQ(job->options.stop, std::vector<std::string>{"\n"});
    for (const char* bad :
         {R"({"temperature":-1})", R"({"top_p":2})", R"({"num_predict":-1})", R"({"mirostat":2})",
          R"({"presence_penalty":0.5})", R"({"stop":[1]})", R"({"seed":"7"})"}) {
        const auto refused = job_of(R"({"options":)" + std::string(bad) + "," + picture + "}");
        ASSERT_FALSE(refused) << bad;
        EXPECT_TRUE(refused.error().field.starts_with("options.")) << refused.error().field;
    }
}

TEST(PhotoPrism, TheIdIsFoundBehindWhatIsWrong) {
    for (const char* wrong :
         {R"("images":[1,2])", R"("images":"x")", R"("stream":true,"url":"https://a/b")",
          R"("prompt":{"a":[1]})", R"("options":{"top_p":[2],"seed":1})", R"("images":[])", R"("suffix":"x")",
          R"("format":"json","url":"https://a/b")"}) {
        const VisionRequest made = read("{" + std::string(wrong) + R"(,"id":"b3b8"})");
        EXPECT_FALSE(made.request) << wrong;
        EXPECT_EQ(made.id, "b3b8") << wrong;
    }
    EXPECT_FALSE(read("{").request);
    EXPECT_FALSE(read("").request);
}

TEST(PhotoPrism, AnswersAreAsItsClientReadsThem) {
    Caption made;
    made.text = "three green apples";
    EXPECT_EQ(
        format_vision("b3b8", VisionTask::caption, made),
        R"({"id":"b3b8","code":200,"result":{"caption":{"text":"three green apples"}}})"
    );
    made.confidence = {.mean = 0.5, .min = 0.25};
    made.tags = {"apple", "green"};
    EXPECT_EQ(
        Json::parse(format_vision("", VisionTask::labels, made)),
        Json::parse(R"({"code":200,"result":{"labels":[{"name":"apple","confidence":0.5},
                        {"name":"green","confidence":0.5}]}})")
    );
    EXPECT_EQ(
        format_vision_failure(
            "b\"8", {.code = ErrorCode::bad_base64, .message = "no", .field = "images"}, 400
        ),
        R"({"id":"b\"8","code":400,"error":"images: no"})"
    );
    EXPECT_EQ(
        format_vision_failure("", {.code = ErrorCode::bad_base64, .message = "no", .field = ""}, 400),
        R"({"code":400,"error":"no"})"
    );
}

}  // namespace
}  // namespace vignette::photoprism_test
