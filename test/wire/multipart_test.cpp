// Forms as curl, browsers, Node and Python send them, and what is refused.
#include "wire/multipart.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace vignette {
namespace {

const std::string type = "multipart/form-data; boundary=XX";

Result<std::vector<FormPart>> read_in_pieces(
    const std::string& body, std::string_view content_type, std::size_t bytes
) {
    FormReader reader = TRY(FormReader::make(content_type));
    std::vector<FormPart> parts;
    for (std::size_t at = 0; at <= body.size(); at += bytes) {
        reader.add(std::string_view(body).substr(at, bytes));
        if (at + bytes > body.size()) reader.finish();
        while (std::optional<FormPart> part = TRY(reader.next())) parts.push_back(*std::move(part));
    }
    return parts;
}

bool equal(const Result<std::vector<FormPart>>& one, const Result<std::vector<FormPart>>& other) {
    if (!one || !other) return !one && !other && one.error() == other.error();
    return std::ranges::equal(*one, *other, [](const FormPart& a, const FormPart& b) {
        return a.name == b.name && a.filename == b.filename && a.content_type == b.content_type &&
               a.content.view() == b.content.view();
    });
}

// Every form of these tests is read in pieces, too.
Result<std::vector<FormPart>> read(const std::string& body, std::string_view content_type = type) {
    Result<std::vector<FormPart>> whole = read_multipart(content_type, SharedText(body));
    for (const std::size_t bytes : {1UZ, 2UZ, 7UZ, 64UZ})
        EXPECT_TRUE(equal(read_in_pieces(body, content_type, bytes), whole)) << "in pieces of " << bytes;
    return whole;
}

std::string part(const std::string& headers, const std::string& content) {
    return "--XX\r\n" + headers + "\r\n\r\n" + content + "\r\n";
}

std::string field(const std::string& name, const std::string& content) {
    return part("Content-Disposition: form-data; name=\"" + name + "\"", content);
}

std::string problem_of(const std::string& body, std::string_view content_type = type) {
    const auto parts = read(body, content_type);
    return parts ? "none" : parts.error().message;
}

TEST(Multipart, AFileIsAViewOfTheBody) {
    const std::string picture("\xFF\xD8\r\n--X\r\n\0--XX", 15);
    const SharedText body(
        part(
            "Content-Disposition: form-data; name=\"files[]\"; filename=\"a b.jpg\"\r\n"
            "Content-Type: image/jpeg",
            picture
        ) +
        field("prompt", "a photo of") + "--XX--\r\n"
    );
    const auto parts = read_multipart(type, body);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 2U);
    const FormPart& file = parts->front();
    EXPECT_EQ(file.name, "files[]");
    EXPECT_EQ(file.filename, "a b.jpg");
    EXPECT_EQ(file.content_type, "image/jpeg");
    EXPECT_EQ(file.content.view(), picture);
    EXPECT_GE(file.content.view().data(), body.view().data());
    EXPECT_LT(file.content.view().data(), body.view().data() + body.view().size());
    EXPECT_EQ(parts->back().name, "prompt");
    EXPECT_EQ(parts->back().content.view(), "a photo of");
}

TEST(Multipart, APartIsThereAsSoonAsItsBytesAre) {
    const std::string body = field("prompt", "a photo of") + field("files[]", "picture") + "--XX--\r\n";
    FormReader reader = *FormReader::make(type);
    std::vector<std::size_t> came_at;
    for (std::size_t at = 0; at < body.size(); ++at) {
        reader.add(std::string_view(body).substr(at, 1));
        while (*reader.next()) came_at.push_back(at);
    }
    // With the last byte of the boundary behind it.
    const std::size_t first = field("prompt", "a photo of").size() + std::string("--XX").size() - 1;
    EXPECT_EQ(came_at, (std::vector{first, first + field("files[]", "picture").size()}));
}

TEST(Multipart, AnEmptyPartAndAnEmptyFormAreFine) {
    const auto parts = read(field("text", "") + "--XX--");
    ASSERT_TRUE(parts) << parts.error().message;
    EXPECT_EQ(parts->front().content.view(), "");
    EXPECT_TRUE(read("--XX--\r\n")->empty());
}

TEST(Multipart, NamesAreReadAsClientsWriteThem) {
    const auto name_of = [](const std::string& disposition) {
        const auto parts = read(part("content-disposition: form-data; " + disposition, "") + "--XX--");
        return parts ? parts->front().name + "|" + parts->front().filename : parts.error().message;
    };
    EXPECT_EQ(name_of(R"(name=file; filename=a.jpg)"), "file|a.jpg");
    EXPECT_EQ(name_of(R"(filename="a\"b.jpg"; name="f")"), "f|a\"b.jpg");
    EXPECT_EQ(name_of(R"(name="f"; filename="C:\dir\a.jpg")"), R"(f|C:\dir\a.jpg)");
    EXPECT_EQ(name_of(R"(name="f"; filename="a;b=c.jpg";)"), "f|a;b=c.jpg");
    EXPECT_EQ(name_of("name=\"f\"; filename*=UTF-8''na%C3%AFve.jpg"), "f|na\xC3\xAFve.jpg");
    EXPECT_EQ(
        name_of("name=\"f\"; filename=\"\xE5\x86\x99\xE7\x9C\x9F.png\""), "f|\xE5\x86\x99\xE7\x9C\x9F.png"
    );
    EXPECT_EQ(name_of("name=\"f\"; filename=\"\xFF.png\""), "f|\xEF\xBF\xBD.png");
}

TEST(Multipart, TheBoundaryMayStandInQuotes) {
    EXPECT_TRUE(read(
        "--a:b c\r\nContent-Disposition: form-data; name=x\r\n\r\n1\r\n--a:b c--\r\n",
        "Multipart/Form-Data; charset=utf-8; boundary=\"a:b c\""
    ));
}

TEST(Multipart, AContentTypeThatIsNoFormIsRefused) {
    EXPECT_NE(problem_of("{}", "application/json").find("takes a form"), std::string::npos);
    EXPECT_NE(problem_of("", "multipart/form-data").find("boundary"), std::string::npos);
    EXPECT_NE(problem_of("", "multipart/form-data; boundary=\"\"").find("boundary"), std::string::npos);
    EXPECT_NE(
        problem_of("", "multipart/form-data; boundary=" + std::string(71, 'x')).find("boundary"),
        std::string::npos
    );
    EXPECT_NE(problem_of("", "multipart/form-data; boundary=\"a").find("well-formed"), std::string::npos);
}

TEST(Multipart, WhatIsOutOfPlaceIsRefused) {
    for (const std::string& body : std::vector<std::string>{
             "",
             "preamble\r\n" + field("a", "1") + "--XX--",
             field("a", "1") + "--XX--\r\nmore",
             field("a", "1"),
             "--XX\r\n",
             "--XXY\r\n",
             "--XX\n\n--XX--",
             "--XX-",
             "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\n1--XX--\r\n",
             part("Content-Type: text/plain", "no name") + "--XX--",
             part("Content-Disposition: attachment; name=a", "") + "--XX--",
             part("Content-Disposition: form-data; name=\"a", "") + "--XX--",
             part("Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; nam", "") +
                 "--XX--",
             part("Content-Disposition: form-data; name=a; name=b", "") + "--XX--",
             part("a header without colon", "") + "--XX--",
             "--XX\r\nContent-Disposition: form-data; name=a\r\n\r\nabc\r\n--XXnot the end\r\n--XX--",
         }) {
        const auto parts = read(body);
        ASSERT_FALSE(parts) << body;
        EXPECT_EQ(parts.error().code, ErrorCode::invalid_input) << body;
    }
}

TEST(Multipart, EncodedPartsAndFormsInFormsAreRefused) {
    const std::string disposition = "Content-Disposition: form-data; name=a\r\n";
    for (const char* header :
         {"Content-Transfer-Encoding: base64", "Content-Type: multipart/mixed; boundary=Y"}) {
        const auto parts = read(part(disposition + header, "") + "--XX--");
        ASSERT_FALSE(parts);
        EXPECT_EQ(parts.error().code, ErrorCode::unsupported);
    }
    EXPECT_TRUE(read(part(disposition + "Content-Transfer-Encoding: Binary", "") + "--XX--"));
}

TEST(Multipart, PartsAndHeadersAreBounded) {
    const FormLimits few{.parts_max = 2, .header_bytes_max = 64};
    const auto code_of = [&](const std::string& body) {
        const auto parts = read_multipart(type, SharedText(body), few);
        return parts ? std::optional<ErrorCode>() : parts.error().code;
    };
    EXPECT_EQ(code_of(field("a", "1") + field("b", "2") + "--XX--"), std::nullopt);
    EXPECT_EQ(code_of(field("a", "1") + field("b", "2") + field("c", "3") + "--XX--"), ErrorCode::too_large);
    EXPECT_EQ(code_of(field(std::string(60, 'n'), "1") + "--XX--"), ErrorCode::too_large);
    EXPECT_EQ(code_of("--XX\r\n" + std::string(100, 'h')), ErrorCode::too_large);
}

TEST(Multipart, AnyCutOfAFormIsRefused) {
    const std::string body = field("files[]", "\r\n--X \r\n") + field("b", "2") + "--XX--";
    ASSERT_TRUE(read(body));
    for (std::size_t length = 0; length < body.size(); ++length)
        EXPECT_FALSE(read(body.substr(0, length))) << length;
}

}  // namespace
}  // namespace vignette
