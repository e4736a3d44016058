// A request for a film: which one, and which of its frames.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/dialects/any_job.h"

namespace vignette::film_fields_test {
namespace {

Result<Request> parse(std::string_view fields, const Limits& limits = {}) {
    return parse_request(R"({"id":"f-1","input":{)" + std::string(fields) + "}}", limits);
}

Film film_of(std::string_view fields) {
    Result<Request> request = parse(fields);
    EXPECT_TRUE(request.has_value()) << fields << ": " << (request ? "" : request.error().message);
    if (!request || !request->film) return {};
    EXPECT_TRUE(request->items.empty());
    const FrameOptions& options = request->film->options;
    const bool has_one_answer = options.together && !options.window;
    EXPECT_EQ(request->shape, has_one_answer ? AnswerShape::single : AnswerShape::frames);
    return *std::move(request->film);
}

TEST(FilmFields, AFilmIsADataUrlBase64OrAnAddress) {
    const Film data = film_of(R"("video":" data:video/mp4;codecs=avc1;base64,QUJD ")");
    EXPECT_EQ(std::get<Base64Picture>(data.source.source).text.view(), "QUJD");
    EXPECT_EQ(data.source.field, "input.video");
    EXPECT_EQ(std::get<Base64Picture>(film_of(R"("video":"QUJD")").source.source).text.view(), "QUJD");
    for (const std::string_view field : {"video", "video_url"}) {
        const Film remote = film_of("\"" + std::string(field) + "\":\"HTTPS://example.com/a.mp4\"");
        EXPECT_EQ(std::get<RemotePicture>(remote.source.source).url, "HTTPS://example.com/a.mp4");
        EXPECT_EQ(remote.source.field, "input." + std::string(field));
    }
    EXPECT_EQ(
        std::get<Base64Picture>(film_of(R"("video_url":"data:;base64,QUJD")").source.source).text.view(),
        "QUJD"
    );
}

TEST(FilmFields, FramesAreChosenByOneOfThreeOptions) {
    EXPECT_EQ(film_of(R"("video":"QQ")").options, FrameOptions{});
    EXPECT_EQ(film_of(R"("video":"QQ","fps":0.5)").options.fps, 0.5);
    EXPECT_TRUE(film_of(R"("keyframes":true,"video":"QQ")").options.keyframes);
    EXPECT_EQ(
        film_of(R"("video":"QQ","timestamps":[0,1.5,2e1])").options.timestamps,
        (std::vector<double>{0, 1.5, 20})
    );
    const Film more =
        film_of(R"("video":"QQ","fps":2,"keyframes":false,"max_frames":7,"keep_duplicates":true)");
    EXPECT_EQ(more.options.max_frames, 7);
    EXPECT_TRUE(more.options.keep_duplicates);
}

TEST(FilmFields, ItsFramesMayBeLookedAtTogether) {
    EXPECT_TRUE(film_of(R"("video":"QQ","together":true,"max_frames":8)").options.together);
    EXPECT_FALSE(film_of(R"("video":"QQ","together":false)").options.together);
    EXPECT_TRUE(film_of(R"("video":"QQ","window":30,"fps":1)").options.together);
    EXPECT_EQ(film_of(R"("video":"QQ","window":30.5)").options.window, 30.5);
}

TEST(FilmFields, AFrameIsDescribedAsTheJobSays) {
    const Film film = film_of(
        R"("video":"QQ","prompt":"what is it","num_beams":2,"model":"m","return_embedding":true,"promt":"x")"
    );
    EXPECT_EQ(film.frame_job.options.prompt, "what is it");
    EXPECT_EQ(film.frame_job.options.num_beams, 2);
    EXPECT_EQ(film.frame_job.model, "m");
    EXPECT_EQ(film.frame_job.task, Task::embed_and_caption);
    EXPECT_TRUE(film.frame_job.is_frame);
    EXPECT_TRUE(film.frame_job.pictures.empty());
    EXPECT_EQ(film.frame_job.id, JobId{"f-1"});
    EXPECT_EQ(film.frame_job.warnings.size(), 1U);
}

struct Bad {
    std::string fields;
    ErrorCode code;
    std::string field;
    std::string words;
};

TEST(FilmFields, WhatIsWrongNamesItsFieldAndTheWayOut) {
    const auto code = ErrorCode::invalid_input;
    const std::vector<Bad> cases{
        {R"("video":7)", code, "input.video", "must be a string, not a number"},
        {R"("video":"")", ErrorCode::empty_image, "input.video", "is empty; send the film"},
        {R"("video":"data:video/mp4,QQ")", code, "input.video", "encode the bytes as base64"},
        {R"("video":"QQ","video_url":"http://x")", ErrorCode::too_many_images, "input.video_url",
         "send only one"},
        {R"("video":"QQ","image":"QQ")", ErrorCode::too_many_images, "input.image", "send only one"},
        {R"("image":"QQ","video":"QQ")", ErrorCode::too_many_images, "input.video", "send only one"},
        {R"("frames":["QQ"],"video":"QQ")", ErrorCode::too_many_images, "input.video", "send only one"},
        {R"("video":"QQ","text":"x")", ErrorCode::too_many_images, "input.text", "send only one"},
        {R"("video":"QQ","fps":0)", code, "input.fps", "above 0 and at most 1000, not 0"},
        {R"("video":"QQ","fps":"1")", code, "input.fps", "must be a number, not a string"},
        {R"("video":"QQ","fps":1e999)", code, "input.fps", "above 0 and at most 1000"},
        {R"("video":"QQ","keyframes":1)", code, "input.keyframes", "must be true or false"},
        {R"("video":"QQ","max_frames":0)", code, "input.max_frames", "of at least 1, not 0"},
        {R"("video":"QQ","max_frames":1.5)", code, "input.max_frames", "must be a whole number"},
        {R"("video":"QQ","timestamps":[])", code, "input.timestamps", "give at least one"},
        {R"("video":"QQ","timestamps":3)", code, "input.timestamps", "must be an array of seconds"},
        {R"("video":"QQ","timestamps":[1,"2"])", code, "input.timestamps[1]", "must be a number of seconds"},
        {R"("video":"QQ","timestamps":[-1])", code, "input.timestamps[0]", "of 0 seconds or later, not -1"},
        {R"("video":"QQ","timestamps":[2,1])", code, "input.timestamps[1]", "in rising order"},
        {R"("video":"QQ","timestamps":[1,1])", code, "input.timestamps[1]", "in rising order"},
        {R"("video":"QQ","fps":1,"keyframes":true)", code, "input.keyframes",
         "input.keyframes and input.fps both choose the frames"},
        {R"("video":"QQ","window":0.5)", code, "input.window", "at least 1 and at most 86400, not 0.5"},
        {R"("video":"QQ","window":"30")", code, "input.window", "must be a number of seconds, not a string"},
        {R"("video":"QQ","window":30,"timestamps":[1])", code, "input.timestamps",
         "and input.window both choose the frames"},
        {R"("video":"QQ","keyframes":true,"window":30)", code, "input.window",
         "and input.keyframes both choose the frames"},
        {R"("video":"https://example.com/)" + std::string(3000, 'x') + "\"", code, "input.video",
         "shorten it to 2048"},
    };
    for (const Bad& bad : cases) {
        const Result<Request> request = parse(bad.fields);
        ASSERT_FALSE(request.has_value()) << bad.fields;
        EXPECT_EQ(request.error().code, bad.code) << bad.fields << ": " << request.error().message;
        EXPECT_EQ(request.error().field, bad.field) << bad.fields;
        EXPECT_NE(request.error().message.find(bad.words), std::string::npos) << request.error().message;
    }
}

TEST(FilmFields, TimesAreBounded) {
    const Limits limits{.timestamps_max = 2};
    EXPECT_TRUE(parse(R"("video":"QQ","timestamps":[0,1])", limits).has_value());
    EXPECT_FALSE(parse(R"("video":"QQ","timestamps":[0,1,2])", limits).has_value());
}

TEST(FilmFields, AFilmAmongTheItemsOfABatchSpoilsThatItemOnly) {
    const Result<Request> request = parse(R"("images":["QQ",{"video":"QQ"}])");
    ASSERT_TRUE(request.has_value());
    EXPECT_TRUE(request->items[0].job.has_value());
    ASSERT_FALSE(request->items[1].job.has_value());
    EXPECT_NE(request->items[1].job.error().message.find("send it as a job of its own"), std::string::npos);
}

}  // namespace
}  // namespace vignette::film_fields_test
