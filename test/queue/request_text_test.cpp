#include "queue/request_text.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

TEST(RequestText, WhatARouteLooksAtComesBackAndNoKeyGoesOut) {
    const ServedRequest sent{
        .method = "POST",
        .path = "/v1/messages",
        .query = "a=1",
        .fields =
            {{"content-type", "application/json"},
             {"Authorization", "Bearer secret"},
             {"x-api-key", "secret"},
             {"Accept", "text/event-stream"}},
        .body = "not here",
    };
    const std::string text = request_text(sent);
    EXPECT_EQ(text.find("secret"), std::string::npos);
    const std::optional<ServedRequest> read = read_request_text(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->method, "POST");
    EXPECT_EQ(read->path, "/v1/messages");
    EXPECT_EQ(read->query, "a=1");
    EXPECT_EQ(read->field("Content-Type"), "application/json");
    EXPECT_EQ(read->field("Accept"), "text/event-stream");
    EXPECT_TRUE(read->body.empty());
}

TEST(ResponseText, ComesBackWholeWhateverItsBodyHolds) {
    const std::string body("a\n\nb\0c: d\n", 10);
    const ServedResponse sent{
        .status = 429, .body = body, .content_type = "text/plain", .fields = {{"Retry-After", "5"}}
    };
    const std::optional<ServedResponse> read = read_response_text(response_text(sent));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->status, 429);
    EXPECT_EQ(read->content_type, "text/plain");
    EXPECT_EQ(read->body, body);
    ASSERT_EQ(read->fields.size(), 1U);
    EXPECT_EQ(read->fields[0].name, "Retry-After");
    EXPECT_EQ(read->fields[0].value, "5");
}

TEST(ResponseText, NothingElseIsTakenForOne) {
    for (const char* broken :
         {"", "200", "99\ntext/plain\n\n", "600\ntext/plain\n\n", "x\ntext/plain\n\n",
          "200\ntext/plain\nno colon\n\n", "200\ntext/plain\nA: b\rc\n\n", "200\ntext\r/plain\n\n"}) {
        const std::optional<ServedResponse> read = read_response_text(broken);
        EXPECT_TRUE(!read || (std::string_view(broken) == "200" && read->body.empty())) << broken;
    }
}

TEST(ResponseText, AFieldCannotEndTheHead) {
    const ServedResponse sent{
        .status = 200, .body = "b", .content_type = "text/plain\nX: y", .fields = {{"A", "b\nC: d"}}
    };
    const std::optional<ServedResponse> read = read_response_text(response_text(sent));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->content_type, "application/octet-stream");
    EXPECT_TRUE(read->fields.empty());
    EXPECT_EQ(read->body, "b");
}

}  // namespace
}  // namespace vignette
