#include "serve/cors.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace vignette {
namespace {

ServedRequest asked(const std::string& method, std::vector<HttpField> fields) {
    ServedRequest request;
    request.method = method;
    request.fields = std::move(fields);
    return request;
}

ServedRequest asked_from(const std::string& origin) { return asked("GET", {{"Origin", origin}}); }

ServedRequest asks_first(const std::string& origin, const std::string& names) {
    return asked(
        "OPTIONS", {{"Origin", origin},
                    {"Access-Control-Request-Method", "POST"},
                    {"Access-Control-Request-Headers", names}}
    );
}

std::string value_of(const std::vector<HttpField>& fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &HttpField::name);
    return found == fields.end() ? "" : found->value;
}

std::string allowed(const Cors& cors, const std::string& origin) {
    return value_of(cors.fields_of(asked_from(origin)), "Access-Control-Allow-Origin");
}

TEST(Cors, IsOffUnlessOriginsAreNamed) {
    const Cors cors = Cors::read("").value();
    EXPECT_TRUE(cors.fields_of(asked_from("https://a.example")).empty());
    EXPECT_FALSE(cors.preflight(asks_first("https://a.example", "authorization")));
}

TEST(Cors, OnlyOriginsThatAreNamedMayRead) {
    const Cors cors = Cors::read("https://a.example, http://localhost:3000").value();
    for (const char* origin : {"https://a.example", "http://localhost:3000"}) {
        EXPECT_EQ(allowed(cors, origin), origin);
        EXPECT_TRUE(cors.preflight(asks_first(origin, "authorization")));
    }
    for (const char* origin :
         {"", "null", "http://a.example", "https://a.example:444", "https://a.example.evil.example",
          "https://evil.example/https://a.example", "https://b.a.example", "*"}) {
        EXPECT_EQ(allowed(cors, origin), "") << origin;
        EXPECT_EQ(value_of(cors.fields_of(asked_from(origin)), "Vary"), "Origin") << origin;
        EXPECT_FALSE(cors.preflight(asks_first(origin, "authorization"))) << origin;
    }
}

TEST(Cors, AStarIsForEverybodyAndNeverWithCredentials) {
    const Cors cors = Cors::read("*").value();
    for (const char* origin : {"https://any.example", "null"}) {
        EXPECT_EQ(allowed(cors, origin), "*");
        EXPECT_EQ(value_of(cors.fields_of(asked_from(origin)), "Access-Control-Allow-Credentials"), "");
    }
}

TEST(Cors, APreflightNamesWhatThePageMaySend) {
    const Cors cors = Cors::read("https://a.example").value();
    const std::string names = "authorization,content-type,x-stainless-os,traceparent";
    const auto answer = cors.preflight(asks_first("https://a.example", names));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(value_of(answer->fields, "Access-Control-Allow-Headers"), names);
    EXPECT_EQ(value_of(answer->fields, "Access-Control-Allow-Methods"), "GET, POST, DELETE");
    const auto strange = cors.preflight(asks_first("https://a.example", "a: b"));
    EXPECT_EQ(value_of(strange->fields, "Access-Control-Allow-Headers"), "");
    EXPECT_FALSE(cors.preflight(asked("OPTIONS", {{"Origin", "https://a.example"}})));
    EXPECT_FALSE(cors.preflight(asked("POST", asks_first("https://a.example", names).fields)));
}

TEST(Cors, WhatIsNoOriginIsAUsageError) {
    for (const char* wrong :
         {"a.example", "https://", "https://a.example/", "https://a.example/path", "ftp://a.example",
          "https://*.example", "https://u@a.example"})
        EXPECT_EQ(Cors::read(wrong).error().code, ErrorCode::usage) << wrong;
}

}  // namespace
}  // namespace vignette
