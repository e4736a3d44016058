// A request for many pictures: what is wrong with one of them spoils no other.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

std::string event(std::string_view fields) { return R"({"id":"b-1","input":{)" + std::string(fields) + "}}"; }

Result<Request> parse(std::string_view fields, const Limits& limits = {}) {
    return parse_request(event(fields), limits);
}

Request parsed(std::string_view fields, const Limits& limits = {}) {
    Result<Request> request = parse(fields, limits);
    EXPECT_TRUE(request.has_value()) << fields << ": " << (request ? "" : request.error().message);
    return request ? *std::move(request) : Request{};
}

// The outcome of each item: the picture's text or the error's code, field and message.
std::vector<std::string> told(const Request& request) {
    std::vector<std::string> all;
    for (const Item& item : request.items) {
        all.push_back(
            item.job ? std::string(std::get<Base64Picture>(item.job->pictures.front().source).text.view())
                     : "!" + item.job.error().field + ": " + item.job.error().message
        );
    }
    return all;
}

void expect_item_refused(
    std::string_view item, ErrorCode code, std::string_view field, std::string_view words
) {
    const Request request = parsed("\"images\":[\"QUJD\"," + std::string(item) + ",\"REVG\"]");
    ASSERT_EQ(request.items.size(), 3U) << item;
    EXPECT_TRUE(request.items[0].job && request.items[2].job) << item;
    ASSERT_FALSE(request.items[1].job.has_value()) << item;
    const Error& error = request.items[1].job.error();
    EXPECT_EQ(error.code, code) << item << ": " << error.message;
    EXPECT_EQ(error.field, "input.images[1]" + std::string(field)) << item;
    EXPECT_NE(error.message.find(words), std::string::npos) << item << ": " << error.message;
}

void expect_request_refused(
    std::string_view fields, ErrorCode code, std::string_view field, std::string_view words
) {
    const Result<Request> request = parse(fields, {.batch_max = 3});
    ASSERT_FALSE(request.has_value()) << fields;
    EXPECT_EQ(request.error().code, code) << fields << ": " << request.error().message;
    EXPECT_EQ(request.error().field, field) << fields;
    EXPECT_NE(request.error().message.find(words), std::string::npos)
        << fields << ": " << request.error().message;
}

TEST(BatchJson, OnePictureIsNoBatch) {
    const Request request = parsed(R"("image":"QUJD")");
    EXPECT_EQ(request.shape, AnswerShape::single);
    EXPECT_FALSE(request.stream);
    ASSERT_EQ(request.items.size(), 1U);
    EXPECT_EQ(request.items[0].id, "");
    EXPECT_EQ(request.id.value, "b-1");
}

TEST(BatchJson, ABatchKeepsTheOrderAndMayBeOfOne) {
    for (const std::string_view field : {"data_urls", "images"}) {
        const std::string name = "\"" + std::string(field) + "\":";
        const Request request = parsed(name + R"(["data:image/png;base64,QUJD"," REVG ","R0hJ"])");
        EXPECT_EQ(request.shape, AnswerShape::batch);
        EXPECT_EQ(told(request), (std::vector<std::string>{"QUJD", "REVG", "R0hJ"}));
        ASSERT_EQ(request.items.size(), 3U);
        EXPECT_EQ(request.items[2].job->pictures.front().field, "input." + std::string(field) + "[2]");
        EXPECT_EQ(request.items[2].job->id.value, "b-1");
        EXPECT_EQ(parsed(name + R"(["QUJD"])").shape, AnswerShape::batch);
    }
}

TEST(BatchJson, AnItemMayBeAnObjectWithItsOwnIdAndOptions) {
    const Request request = parsed(
        R"("images":["QUJD",{"id":"a","data_url":"data:;base64,REVG","prompt":"b","max_length":9,"min_length":2,)"
        R"("num_beams":1,"return_tokens":true},{"id":7,"image_base64":"R0hJ"},{"image":"SktM","id":null}])"
    );
    EXPECT_EQ(told(request), (std::vector<std::string>{"QUJD", "REVG", "R0hJ", "SktM"}));
    ASSERT_EQ(request.items.size(), 4U);
    EXPECT_EQ(request.items[1].id, "a");
    EXPECT_EQ(request.items[2].id, "7");
    EXPECT_EQ(request.items[3].id, "");
    const CaptionOptions expected{
        .prompt = "b", .max_length = 9, .min_length = 2, .num_beams = 1, .return_tokens = true
    };
    EXPECT_EQ(request.items[1].job->options, expected);
    EXPECT_EQ(request.items[1].job->pictures.front().field, "input.images[1].data_url");
    EXPECT_EQ(request.items[0].job->options, CaptionOptions{});
}

TEST(BatchJson, TheJobsOptionsApplyToEveryItemThatDoesNotSetItsOwnInAnyOrder) {
    const std::string_view options =
        R"("prompt":"p","max_length":30,"min_length":3,"num_beams":2,"return_tokens":true,"model":"m")";
    const std::string_view images =
        R"("images":["QUJD",{"image":"QUJD","prompt":"q","num_beams":1,"return_tokens":false}])";
    for (const std::string& fields :
         {std::string(options) + "," + std::string(images), std::string(images) + "," + std::string(options)
         }) {
        const Request request = parsed(fields);
        ASSERT_EQ(request.items.size(), 2U);
        const CaptionOptions of_job{
            .prompt = "p", .max_length = 30, .min_length = 3, .num_beams = 2, .return_tokens = true
        };
        const CaptionOptions of_item{
            .prompt = "q", .max_length = 30, .min_length = 3, .num_beams = 1, .return_tokens = false
        };
        EXPECT_EQ(request.items[0].job->options, of_job);
        EXPECT_EQ(request.items[1].job->options, of_item);
        EXPECT_EQ(request.items[0].job->model, "m");
        EXPECT_EQ(request.items[1].job->model, "m");
    }
}

TEST(BatchJson, StreamIsTrueOrFalseForOneAndForMany) {
    EXPECT_TRUE(parsed(R"("image":"QUJD","stream":true)").stream);
    EXPECT_TRUE(parsed(R"("stream":true,"images":["QUJD"])").stream);
    EXPECT_FALSE(parsed(R"("image":"QUJD","stream":false)").stream);
    EXPECT_FALSE(parsed(R"("image":"QUJD","stream":null)").stream);
}

TEST(BatchJson, ABadItemSpoilsNoOther) {
    expect_item_refused("\"\"", ErrorCode::empty_image, "", "input.images[1] is empty");
    expect_item_refused("\"ftp://x/a.png\"", ErrorCode::invalid_input, "", "not an http(s) address");
    expect_item_refused("7", ErrorCode::invalid_input, "", "must be a string or an object, not a number");
    expect_item_refused("null", ErrorCode::invalid_input, "", "not null");
    expect_item_refused("[\"QUJD\",[{}]]", ErrorCode::invalid_input, "", "not an array");
    expect_item_refused("{}", ErrorCode::missing_image, "", "input.images[1] has no picture; send");
    expect_item_refused(R"({"image":null})", ErrorCode::missing_image, "", "has no picture");
    expect_item_refused(R"({"data_ulr":"QQ"})", ErrorCode::missing_image, "", R"(did you mean "data_url"?)");
    expect_item_refused(
        R"({"data_url":7})", ErrorCode::invalid_input, ".data_url", "must be a string, not a number"
    );
    expect_item_refused(R"({"image":[{"a":[1]}]})", ErrorCode::invalid_input, ".image", "not an array");
    expect_item_refused(R"({"image":{"url":"x"}})", ErrorCode::invalid_input, ".image", "not an object");
    expect_item_refused(
        R"({"image_url":"QUJD"})", ErrorCode::invalid_input, ".image_url", "not an http(s) address"
    );
    expect_item_refused(
        R"({"image":"QQ","data_url":"QQ"})", ErrorCode::too_many_images, ".data_url", "cannot be combined"
    );
    expect_item_refused(
        R"({"image":"QQ","image":"QQ"})", ErrorCode::invalid_input, ".image", "appears twice"
    );
    expect_item_refused(
        R"({"image":"QQ","max_length":"4"})", ErrorCode::invalid_input, ".max_length", "write 4 instead"
    );
    expect_item_refused(
        R"({"image":"QQ","num_beams":1.5})", ErrorCode::invalid_input, ".num_beams", "whole number"
    );
    expect_item_refused(
        R"({"image":"QQ","return_tokens":{}})", ErrorCode::invalid_input, ".return_tokens", "true or"
    );
    expect_item_refused(R"({"image":"QQ","task":"embed"})", ErrorCode::invalid_input, ".task", "move it to");
}

TEST(BatchJson, WhatHoldsForAllPicturesIsRefusedInOne) {
    for (const std::string_view field :
         {R"("model":"m")", R"("stream":true)", R"("images":[[]])", R"("data_urls":1)"}) {
        const std::string name(field.substr(1, field.find('"', 1) - 1));
        expect_item_refused(
            R"({"image":"QQ",)" + std::string(field) + "}", ErrorCode::invalid_input, "." + name,
            "move it to \"input\" itself"
        );
    }
}

TEST(BatchJson, ABadItemKeepsItsIdWhereverItStands) {
    for (const std::string_view item :
         {R"({"id":"x","image":7,"prompt":[1,{}],"image":"QQ"})",
          R"({"image":[[7]],"max_length":"a","id":"x"})",
          R"({"image_url":["a"],"id":"x","promt":{"a":1}})"}) {
        const Request request = parsed("\"images\":[" + std::string(item) + ",\"QUJD\"]");
        ASSERT_EQ(request.items.size(), 2U) << item;
        EXPECT_FALSE(request.items[0].job.has_value());
        EXPECT_EQ(request.items[0].id, "x") << item;
        EXPECT_TRUE(request.items[1].job.has_value());
    }
}

TEST(BatchJson, AnItemsIdIsAStringOrANumberThatIsBounded) {
    expect_item_refused(R"({"id":true,"image":"QQ"})", ErrorCode::invalid_input, ".id", "not a boolean");
    expect_item_refused(R"({"id":[1],"image":"QQ"})", ErrorCode::invalid_input, ".id", "not an array");
    expect_item_refused(R"({"id":1,"id":2,"image":"QQ"})", ErrorCode::invalid_input, ".id", "appears twice");
    expect_item_refused(
        R"({"id":")" + std::string(513, 'x') + R"(","image":"QQ"})", ErrorCode::invalid_input, ".id",
        "has 513 bytes; shorten it to 512"
    );
}

TEST(BatchJson, TheFirstMistakeOfAnItemIsTold) {
    expect_item_refused(
        R"({"prompt":1,"image":2})", ErrorCode::invalid_input, ".prompt", "input.images[1].prompt"
    );
}

TEST(BatchJson, DataUrlsAreStrings) {
    const Request request = parsed(R"("data_urls":["QUJD",{"image":"QUJD"},"ftp://x"])");
    const std::vector<std::string> expected{
        "QUJD", "!input.data_urls[1]: input.data_urls[1] must be a string, not an object",
        "!input.data_urls[2]: input.data_urls[2] is not an http(s) address; send one that begins "
        "with https:// or http://, or send the picture as data:image/jpeg;base64,..."
    };
    EXPECT_EQ(told(request), expected);
}

TEST(BatchJson, AnAddressIsTakenWhereverAPictureIsAndListsOfAddressesTakeNothingElse) {
    const auto address = [](const Item& item) {
        return item.job ? std::get<RemotePicture>(item.job->pictures.front().source).url
                        : item.job.error().message;
    };
    EXPECT_EQ(address(parsed(R"("image_url":" https://x/a.png ")").items[0]), "https://x/a.png");
    EXPECT_EQ(address(parsed(R"("image":"HTTP://x/a.png")").items[0]), "HTTP://x/a.png");
    EXPECT_EQ(address(parsed(R"("images":["https://x/a.png"])").items[0]), "https://x/a.png");
    EXPECT_EQ(address(parsed(R"("images":[{"image_url":"https://x/a.png"}])").items[0]), "https://x/a.png");

    const Request list = parsed(R"("image_urls":["https://x/1","QUJD","https://x/2"])");
    EXPECT_EQ(list.shape, AnswerShape::batch);
    ASSERT_EQ(list.items.size(), 3U);
    EXPECT_EQ(address(list.items[0]), "https://x/1");
    EXPECT_FALSE(list.items[1].job.has_value());
    EXPECT_EQ(address(list.items[2]), "https://x/2");

    const Request frames = parsed(R"("frame_urls":["https://x/1"])");
    EXPECT_EQ(frames.shape, AnswerShape::frames);
    EXPECT_EQ(address(frames.items[0]), "https://x/1");
}

TEST(BatchJson, FastDecodingIsAnOptionOfTheWholeJob) {
    EXPECT_TRUE(parsed(R"("fast":true,"images":["QUJD"])").items[0].job->fast);
    EXPECT_FALSE(parsed(R"("images":["QUJD"])").items[0].job->fast);
    expect_item_refused(R"({"image":"QQ","fast":true})", ErrorCode::invalid_input, ".fast", "move it to");
}

TEST(BatchJson, AListThatIsNoneIsARefusedRequest) {
    const auto code = ErrorCode::invalid_input;
    expect_request_refused(
        R"("images":"QUJD")", code, "input.images", "must be an array of pictures, not a string"
    );
    expect_request_refused(R"("data_urls":{"a":1})", code, "input.data_urls", "not an object");
    expect_request_refused(R"("images":[])", ErrorCode::missing_image, "input.images", "is empty");
    expect_request_refused(
        R"("images":["QQ","QQ","QQ","QQ"])", ErrorCode::too_many_images, "input.images",
        "more than 3 pictures"
    );
    EXPECT_TRUE(parse(R"("images":["QQ","QQ","QQ"])", {.batch_max = 3}).has_value());
    expect_request_refused(R"("images":null)", ErrorCode::missing_image, "input", "has no picture");
}

TEST(BatchJson, APictureAndAListExcludeEachOther) {
    const auto code = ErrorCode::too_many_images;
    expect_request_refused(
        R"("image":"QQ","images":["QQ"])", code, "input.images",
        "input.image and input.images cannot be combined; send only one of them"
    );
    expect_request_refused(
        R"("images":["QQ"],"image":"QQ")", code, "input.image",
        "input.images and input.image cannot be combined; send only one of them"
    );
    expect_request_refused(
        R"("images":["QQ"],"data_urls":["QQ"])", code, "input.data_urls", "cannot be combined"
    );
    EXPECT_TRUE(parse(R"("images":["QQ"],"data_urls":null,"image":null)").has_value());
}

TEST(BatchJson, BrokenJsonInAnItemSpoilsTheRequest) {
    for (const std::string_view item :
         {"nul", "{\"image\":\"QQ\",}", "{\"image\":7,\"x\":01}", "{\"image\":[1,]}", "\"\\q\"",
          "{\"a\":\"\\ud800\"}", "{\"image\":7,\"image\":[nul]}", "{\"id\":1,\"id\":2d}",
          "{\"image\":\"QQ\",\"image\":\"\\q\"}", "{\"return_tokens\":\"\\q\"}", "{\"prompt\":[\"\\q\"]}"}) {
        const Result<Request> request = parse("\"images\":[\"QUJD\"," + std::string(item) + "]");
        ASSERT_FALSE(request.has_value()) << item;
        EXPECT_EQ(request.error().code, ErrorCode::invalid_json) << item;
    }
}

TEST(BatchJson, WarningsOfTheJobAreSaidOnceAndThoseOfAnItemAtTheItem) {
    const Request request =
        parsed(R"("images":["ftp://x",{"image":"QQ","promt":"x"},{"image":"QQ","fps":1}],"zzzzz":1)");
    ASSERT_EQ(request.items.size(), 3U);
    const std::vector<Warning> first_job{
        {.field = "input.zzzzz", .message = "unknown field, ignored"},
        {.field = "input.images[1].promt", .message = "unknown field, ignored; did you mean \"prompt\"?"},
    };
    const std::vector<Warning> second_job{
        {.field = "input.images[2].fps", .message = "applies only to films; ignored"}
    };
    EXPECT_EQ(request.items[1].job->warnings, first_job);
    EXPECT_EQ(request.items[2].job->warnings, second_job);
}

TEST(BatchJson, WarningsOfAnItemAreBounded) {
    const Request request = parsed(R"("images":[{"image":"QQ","z1":1,"z2":1,"z3":1}])", {.warnings_max = 1});
    ASSERT_EQ(request.items.size(), 1U);
    ASSERT_EQ(request.items[0].job->warnings.size(), 2U);
    EXPECT_EQ(
        request.items[0].job->warnings[1],
        (Warning{.field = "input.images[0]", .message = "and 2 more fields were ignored"})
    );
}

TEST(BatchJson, PicturesOfABatchStayWhereTheyAreInTheBody) {
    std::string body = event(R"("images":["QUJD",{"image":"data:;base64,REVG"}])");
    body.reserve(body.size() + 64);
    const char* const begin = body.data();
    const char* const end = begin + body.size();
    const Result<Request> request = parse_request(std::move(body), {});
    ASSERT_TRUE(request.has_value());
    for (const Item& item : request->items) {
        const std::string_view text = std::get<Base64Picture>(item.job->pictures.front().source).text.view();
        EXPECT_TRUE(text.data() >= begin && text.data() + text.size() <= end);
    }
}

TEST(BatchJson, CutAnywhereABatchIsNeverAccepted) {
    const std::string whole = event(
        R"("images":["QUJD",{"id":"a","image":7,"prompt":["x"]},null,{"image":"QQ","num_beams":1}],"prompt":"p")"
    );
    ASSERT_TRUE(parse_request(whole, {}).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse_request(whole.substr(0, size), {}).has_value()) << whole.substr(0, size);
    }
}

}  // namespace
}  // namespace vignette
