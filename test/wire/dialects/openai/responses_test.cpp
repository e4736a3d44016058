// What OpenAI's Responses and Embeddings ask for, and what they are answered.
#include "wire/dialects/openai/responses.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "vignette/answer.h"
#include "wire/dialects/openai/embeddings.h"

namespace vignette::responses_test {
namespace {

using Json = nlohmann::json;

constexpr std::string_view picture = R"({"type":"input_image","image_url":"data:image/png;base64,QUJD"})";

std::string body(const std::string& more = "") {
    return R"({"input":[{"role":"user","content":[{"type":"input_text","text":"What?"},)" +
           std::string(picture) + "]}]" + more + "}";
}

Result<Request> read(const std::string& text) { return read_responses(PaddedText(text), Limits{}, {"1"}); }

Answer answer_of(Caption caption) {
    Answer answer;
    answer.items.push_back({.id = {}, .outcome = std::move(caption), .same_as = {}});
    return answer;
}

TEST(OpenAiResponses, InstructionsComeFirst) {
    const Result<Request> request = read(body(R"(,"instructions":"Be brief.","max_output_tokens":9)"));
    ASSERT_TRUE(request) << request.error().message;
    const Job& job = request->items.at(0).job.value();
    EXPECT_EQ(job.options.prompt, "Be brief.\nWhat?");
    EXPECT_EQ(job.options.max_length, 9);
    EXPECT_EQ(job.pictures.size(), 1U);
}

TEST(OpenAiResponses, ASchemaIsReadWhereverTheTypeStands) {
    const Result<Request> request =
        read(body(R"(,"text":{"format":{"schema":{"type":"array"},"name":"n","type":"json_schema"}})"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->items.at(0).job.value().options.schema, R"({"type":"array"})");
}

TEST(OpenAiResponses, AnAnswerThatWasCutIsIncomplete) {
    const Result<Request> request = read(body(R"(,"stream":true)"));
    ASSERT_TRUE(request);
    Caption caption;
    caption.text = "a cat";
    caption.finish = FinishReason::length;
    const Json json = Json::parse(request->writer->whole(answer_of(caption)).value());
    EXPECT_EQ(json["status"], "incomplete");
    EXPECT_EQ(json["incomplete_details"]["reason"], "max_output_tokens");
    EXPECT_TRUE(request->writer->rest(answer_of(caption)).contains("event: response.incomplete\n"));
}

TEST(OpenAiResponses, AFailureInAStreamIsAnEvent) {
    const Result<Request> request = read(body(R"(,"stream":true)"));
    ASSERT_TRUE(request);
    request->writer->piece("a");
    const std::string said = request->writer->failure({ErrorCode::model_failed, "it failed", "input"});
    ASSERT_TRUE(said.starts_with("event: error\ndata: "));
    const Json json = Json::parse(said.substr(said.find('{')));
    EXPECT_EQ(json["code"], "model_failed");
    EXPECT_EQ(json["param"], "input");
    EXPECT_EQ(json["sequence_number"], 5);
}

Result<Request> read_vectors(const std::string& input, const std::string& more = "") {
    return read_embeddings(PaddedText(R"({"input":)" + input + more + "}"), Limits{}, {"1"});
}

TEST(OpenAiEmbeddings, TextsAndPicturesAreTakenAsTheyCome) {
    const Result<Request> request =
        read_vectors(R"(["a","DATA:image/png;base64,QUJD",{"image":"QUJD"},{"text":"data:x"}])");
    ASSERT_TRUE(request) << request.error().message;
    ASSERT_EQ(request->items.size(), 4U);
    EXPECT_EQ(request->items[0].job->text, "a");
    EXPECT_EQ(request->items[1].job->pictures.size(), 1U);
    EXPECT_EQ(request->items[2].job->pictures.at(0).field, "input[2].image");
    EXPECT_EQ(request->items[3].job->text, "data:x");
    for (const Item& item : request->items) EXPECT_EQ(item.job->task, Task::embed);
}

TEST(OpenAiEmbeddings, TheFormatMayComeLast) {
    const Result<Request> request = read_vectors(R"("a")", R"(,"encoding_format":"base64","model":"clip")");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->items[0].job->vector_format, VectorFormat::base64);
    EXPECT_EQ(request->items[0].job->model, "clip");
}

TEST(OpenAiEmbeddings, OneFailureFailsAll) {
    const Result<Request> request = read_vectors(R"(["a","b"])");
    ASSERT_TRUE(request);
    Caption fine;
    fine.embedding = Embedding{.values = {1, 0}};
    Answer answer = answer_of(fine);
    answer.items.push_back(
        {.id = {}, .outcome = fail(ErrorCode::prompt_too_long, "too long", "input[1]"), .same_as = {}}
    );
    const Result<std::string> whole = request->writer->whole(answer);
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().field, "input[1]");
}

TEST(OpenAiEmbeddings, TheWidthIsTheModels) {
    const Result<Request> request = read_vectors(R"("a")", R"(,"dimensions":3)");
    ASSERT_TRUE(request);
    Caption made;
    made.embedding = Embedding{.values = {1, 0}};
    const Result<std::string> whole = request->writer->whole(answer_of(made));
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().field, "dimensions");
}

}  // namespace
}  // namespace vignette::responses_test
