// What parse_request() refuses: each with its code, the field to blame and the way out.
#include "wire/dialects/any_job.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "wire/request/sole_job.h"

namespace vignette::job_json_refusals_test {
namespace {

constexpr std::string_view picture = R"("image":"QUJD")";

Result<Job> parse(std::string_view body) { return sole_job(std::string(body)); }

// An event that is fine but for what `fields` add.
std::string with(std::string_view fields) {
    return R"({"input":{)" + std::string(picture) + "," + std::string(fields) + "}}";
}

std::string event(std::string_view fields) { return R"({"input":{)" + std::string(fields) + "}}"; }

struct Bad {
    std::string body;
    ErrorCode code;
    std::string field;
    std::string remedy;  // words that the message must hold
};

void expect_refused(const std::vector<Bad>& cases) {
    for (const Bad& bad : cases) {
        const Result<Job> job = parse(bad.body);
        ASSERT_FALSE(job.has_value()) << bad.body;
        EXPECT_EQ(job.error().code, bad.code) << bad.body << ": " << job.error().message;
        EXPECT_EQ(job.error().field, bad.field) << bad.body;
        EXPECT_NE(job.error().message.find(bad.remedy), std::string::npos)
            << bad.body << ": " << job.error().message;
    }
}

TEST(JobJsonRefusals, AJobHasExactlyOnePicture) {
    const auto missing = ErrorCode::missing_image;
    expect_refused({
        {"{}", missing, "input", "send a picture as \"data_url\""},
        {"{}", missing, "input", "its address as \"image_url\""},
        {R"({"input":{}})", missing, "input", "\"image_base64\""},
        {R"({"input":null})", missing, "input", "data:image/jpeg;base64,"},
        {event(R"("image":null)"), missing, "input", "send a picture as"},
        {event(R"("data_ulr":"QUJD")"), missing, "input", "did you mean \"data_url\"?"},
        {with(R"("data_url":"QUJD")"), ErrorCode::too_many_images, "input.data_url",
         "input.image and input.data_url cannot be combined; send only one"},
    });
}

TEST(JobJsonRefusals, APictureThatCannotBeOneIsRefusedByItsHead) {
    const std::string field = "input.image";
    const auto image = [](std::string_view text) { return event("\"image\":\"" + std::string(text) + "\""); };
    expect_refused({
        {image(""), ErrorCode::empty_image, field, "is empty; send the picture"},
        {image("   "), ErrorCode::empty_image, field, "is empty"},
        {image("data:image/png;base64,"), ErrorCode::empty_image, field, "is empty"},
        {image("data:image/png,abc"), ErrorCode::invalid_input, field, "without \";base64\""},
        {image("data:,abc"), ErrorCode::invalid_input, field, "encode the bytes as base64"},
        {image("data:image/png;base64"), ErrorCode::invalid_input, field, "without a comma"},
        {image("ftp://example.com/a.png"), ErrorCode::invalid_input, field, "begins with https://"},
        {image("example.com/a.png"), ErrorCode::invalid_input, field, "begins with https://"},
        {image("file:///etc/passwd"), ErrorCode::invalid_input, field, "not an http(s) address"},
        {image("https://example.com/" + std::string(2100, 'a')), ErrorCode::invalid_input, field,
         "an address of 2120 bytes"},
    });
}

TEST(JobJsonRefusals, AFieldForAddressesTakesNoBase64) {
    for (const std::string_view text : {"QUJD", "example.com/a.png", "//example.com/a.png", "gopher://x"}) {
        expect_refused(
            {{event("\"image_url\":\"" + std::string(text) + "\""), ErrorCode::invalid_input,
              "input.image_url", "send one that begins with https://"}}
        );
    }
}

TEST(JobJsonRefusals, ARequestToAnotherApiNamesOneThatIsKnownAndHasABody) {
    const std::string body = R"("openai_input":{"messages":[]})";
    expect_refused({
        {event(R"("openai_route":[])"), ErrorCode::invalid_input, "input.openai_route", "must be a string"},
        {event(R"("openai_input":[])"), ErrorCode::invalid_input, "input.openai_input", "must be an object"},
        {event(R"("openai_route":"/v1/models",)" + body), ErrorCode::unsupported, "input.openai_route",
         "must be /v1/chat/completions"},
        {event(body), ErrorCode::unsupported, "input.openai_route", "must be /v1/chat/completions"},
        {event(R"("openai_route":"/v1/chat/completions")"), ErrorCode::invalid_input, "input.openai_input",
         "is missing"},
        {event(R"("openai_route":"/v1/chat/completions",)" + body), ErrorCode::missing_image, "messages",
         "holds no picture"},
    });
}

TEST(JobJsonRefusals, AWrongTypeNamesTheFieldAndBothTypes) {
    const auto code = ErrorCode::invalid_input;
    expect_refused({
        {event(R"("data_url":["QUJD"])"), code, "input.data_url",
         "input.data_url must be a string, not an array"},
        {event(R"("image":{"url":1})"), code, "input.image", "must be a string, not an object"},
        {with(R"("prompt":7)"), code, "input.prompt", "must be a string, not a number"},
        {with(R"("model":true)"), code, "input.model", "must be a string, not a boolean"},
        {with(R"("task":1)"), code, "input.task", "must be a string, not a number"},
        {with(R"("return_tokens":"true")"), code, "input.return_tokens", "must be true or false, not a string"
        },
        {with(R"("stream":1)"), code, "input.stream", "must be true or false, not a number"},
        {with(R"("num_beams":true)"), code, "input.num_beams", "must be a whole number, not a boolean"},
        {with(R"("num_beams":[3])"), code, "input.num_beams", "must be a whole number, not an array"},
        {R"({"input":[]})", code, "input", "must be an object like {\"data_url\": \"...\"}, not an array"},
        {R"({"input":"{}"})", code, "input", "must be an object like {\"data_url\": \"...\"}, not a string"},
        {R"({"id":[1],"input":{"image":"QUJD"}})", code, "id", "must be a string, not an array"},
    });
}

TEST(JobJsonRefusals, ALengthIsAWholeNumberThatIsNotNegative) {
    const auto code = ErrorCode::invalid_input;
    const std::string field = "input.max_length";
    expect_refused({
        {with(R"("max_length":"40")"), code, field,
         "input.max_length must be a whole number, not a string: write 40 instead of \"40\""},
        {with(R"("max_length":"forty")"), code, field, "must be a whole number, not a string"},
        {with(R"("max_length":40.5)"), code, field,
         "whole number from 0 to 9007199254740992, such as 40, not 40.5"},
        {with(R"("max_length":1e999)"), code, field, "such as 40, not 1e999"},
        {with(R"("max_length":-1)"), code, field, "such as 40, not -1"},
        {with(R"("max_length":99999999999999999999)"), code, field, "such as 40"},
        {with(R"("min_length":-0.5)"), code, "input.min_length", "such as 40"},
        {with(R"("num_beams":1e-999)"), code, "input.num_beams", "such as 40"},
        {with(R"("max_length":NaN)"), ErrorCode::invalid_json, field, "write a number"},
        {with(R"("max_length":Infinity)"), ErrorCode::invalid_json, field, "write a number"},
        {with(R"("max_length":040)"), ErrorCode::invalid_json, field, "write a number"},
    });
}

TEST(JobJsonRefusals, AFieldThatIsThereTwiceIsRefused) {
    const auto code = ErrorCode::invalid_input;
    expect_refused({
        {with(R"("prompt":"a","prompt":"b")"), code, "input.prompt", "appears twice; send it once"},
        {with(R"("prompt":null,"prompt":"b")"), code, "input.prompt", "send it once"},
        {with(R"("\u0069mage":"QUJD")"), code, "input.image", "send it once"},
        {R"({"input":{"image":"QUJD"},"input":{}})", code, "input", "send it once"},
        {R"({"id":1,"id":2,"input":{"image":"QUJD"}})", code, "id", "send it once"},
    });
}

TEST(JobJsonRefusals, ANameIsBounded) {
    const std::string name(513, 'x');
    expect_refused({
        {R"({"id":")" + name + R"(","input":{"image":"QUJD"}})", ErrorCode::invalid_input, "id",
         "has 513 bytes; shorten it to 512"},
        {with(R"("model":")" + name + "\""), ErrorCode::invalid_input, "input.model", "shorten it to 512"},
    });
}

TEST(JobJsonRefusals, FieldsWithoutTheEnvelopeAreToldToBeWrapped) {
    expect_refused({
        {R"({"data_url":"QUJD"})", ErrorCode::invalid_input, "input",
         R"(put the fields inside it: {"input": {"data_url": ...}})"},
        {R"({"prompt":"x","image":"QUJD","input":null})", ErrorCode::invalid_input, "input",
         R"({"input": {"prompt": ...}})"},
    });
}

TEST(JobJsonRefusals, BrokenJsonIsRefusedWithAPlaceOrAReason) {
    const auto code = ErrorCode::invalid_json;
    expect_refused({
        {"", code, "", "the text is empty; send {\"input\""},
        {" \n", code, "", "the text is empty"},
        {"hello", code, "", "at byte 0, near 'hello': a job must be an object like {\"input\""},
        {"[1]", code, "", "a job must be an object"},
        {"null", code, "", "a job must be an object"},
        {"\"text\"", code, "", "a job must be an object"},
        {R"({"input":{"image":"QUJD)", code, "", "cut off"},
        {R"({"input":{"image":"QUJD"})", code, "", "at byte 25: expected a comma, a colon, a closing bracket"
        },
        {R"({"input":{"image":"QUJD")", code, "", "cut off"},
        {R"({"input":{"image":"QUJD"}} {})", code, "", "at byte 27, near '{}': something follows"},
        {R"({"input":{"image":"QUJD"}} x)", code, "", "or something follows it"},
        {R"({"input":{"image":"QUJD",}})", code, "input", "no trailing comma"},
        {R"({'input':{}})", code, "",
         "near ''input':{}}': expected a comma, a colon, a closing bracket or a key in double quotes"},
        {"{\"input\":{\"image\":\"QU\nJD\"}}", code, "", R"(write a line break as \n)"},
        {"{\"input\":{\"image\":\"QUJD\xFF\"}}", code, "", "encode the text as UTF-8"},
        {"{\"input\":{\"image\":\"QUJD\"},\"x\":\"\xC3\"}", code, "", "encode the text as UTF-8"},
        {std::string("{\"input\":{\"image\":\"QUJD\"}}\0", 27), code, "", "something follows"},
    });
}

TEST(JobJsonRefusals, RubbishInsideWhatIsIgnoredIsStillRefused) {
    for (const std::string_view rubbish :
         {"nul",        "truee", "+1",       "01",          "1.",          ".5",      "0x10",    "-",
          "1e",         "NaN",   "Infinity", "[1,]",        "[1 2]",       "[,]",     "{\"a\"}", "{\"a\":}",
          "{\"a\":1,}", "{1:2}", "\"\\q\"",  "\"\\ud800\"", "\"a\" \"b\"", "\"a\":1", "[}",      "{]",
          "]",          "",      "'a'",      "\x01",        "1\x01",       "/*c*/1"}) {
        for (const std::string& body :
             {with("\"x\":" + std::string(rubbish)),
              R"({"x":)" + std::string(rubbish) + R"(,"input":{"image":"QUJD"}})"}) {
            const Result<Job> job = parse(body);
            ASSERT_FALSE(job.has_value()) << body;
            EXPECT_EQ(job.error().code, ErrorCode::invalid_json) << body;
            EXPECT_NE(job.error().message.find("at byte "), std::string::npos) << body << job.error().message;
        }
    }
}

TEST(JobJsonRefusals, CutAnywhereAJobIsNeverAccepted) {
    const std::string whole =
        R"({"id":"a\u00e9","input":{"image":"QUJD","prompt":"x\ny","max_length":40.0,"z":[1,{"b":null}]},"w":[true]})";
    ASSERT_TRUE(parse(whole).has_value());
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(parse(whole.substr(0, size)).has_value()) << whole.substr(0, size);
    }
}

}  // namespace
}  // namespace vignette::job_json_refusals_test
