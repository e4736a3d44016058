#include "net/fetch/url.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

std::string again(std::string_view text) {
    const Result<Url> url = parse_url(text);
    return url ? to_text(*url) : "refused: " + url.error().message;
}

TEST(Url, AnAddressIsRewrittenInOneWay) {
    EXPECT_EQ(again("https://example.com"), "https://example.com/");
    EXPECT_EQ(again("HTTPS://EXAMPLE.com:443/A?b=C#d"), "https://example.com/A?b=C");
    EXPECT_EQ(again("http://example.com.:8080?q"), "http://example.com:8080/?q");
    EXPECT_EQ(again("http://a_b.example.com/x%20y"), "http://a_b.example.com/x%20y");
    EXPECT_EQ(again("http://example.com/\xc3\xa9"), "http://example.com/%C3%A9");
    EXPECT_EQ(again("https://xn--bcher-kva.example/"), "https://xn--bcher-kva.example/");
    EXPECT_EQ(again("http://example.com/a@b:c//d"), "http://example.com/a@b:c//d");
    EXPECT_EQ(again("http://[2606:4700:0:0::1111]:80/"), "http://[2606:4700::1111]/");
    EXPECT_EQ(again("http://010.8.8.8/"), "http://8.8.8.8/");
    EXPECT_EQ(again("http://0x08080808./"), "http://8.8.8.8/");
}

TEST(Url, WhatProgramsReadDifferentlyIsNotAnAddress) {
    for (const char* text : {
             "",
             "cat.jpg",
             "//example.com/",
             "http:/example.com",
             "http:example.com",
             "http:///a",
             "http://",
             "http://?",
             "http://:80/",
             "http://example.com:/",
             "http://example.com:0/",
             "http://example.com:65536/",
             "http://example.com:80a/",
             "http://example.com:-1/",
             "http://example.com:+80/",
             "http://user@example.com/",
             "http://user:pass@example.com/",
             "http://a@b@c/",
             "http://@example.com/",
             "http://example.com\\@b/",
             "http://exam\\ple.com/",
             "http://example.com/\\a",
             "http://example.com/a b",
             " http://example.com/",
             "http://example.com/\r\nX: y",
             "http://example.com/\t",
             "http://exam%70le.com/",
             "http://%31%32%37.0.0.1/",
             "http://b\xc3\xbc"
             "cher.example/",
             "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1/",
             "http://exam\xe2\x80\x8b"
             "ple.com/",
             "http://example\xe3\x80\x82"
             "com/",
             "http://a..b/",
             "http://.a/",
             "http://a../",
             "http://./",
             "http://1.2.3.4.5/",
             "http://1.2.3.256/",
             "http://256/x.1e",
             "http://a.b.3/",
             "http://a.0x3/",
             "http://08.1.1.1/",
             "http://[::1/",
             "http://[::1]x/",
             "http://[1.2.3.4]/",
             "http://[fe80::1%25eth0]/",
             "http://[]/",
             "http://[v1.x]/",
             "http://a,b/",
             "http://a;b/",
             "http://a'b/",
             "http://a*b/",
             "http://a!b/",
             "://a/",
             "1http://a/",
         }) {
        const Result<Url> url = parse_url(text);
        if (std::string_view(text) == "http://256/x.1e") {  // a number: 0.0.1.0
            EXPECT_EQ(to_text(*url), "http://0.0.1.0/x.1e");
            continue;
        }
        ASSERT_FALSE(url) << text;
        EXPECT_EQ(url.error().code, ErrorCode::invalid_input) << text;
        EXPECT_FALSE(url.error().message.empty());
    }
}

TEST(Url, OtherSchemesAreForbidden) {
    for (const char* text :
         {"file:///etc/passwd", "ftp://a/", "gopher://a/", "data:image/png;base64,AA", "ws://a/",
          "javascript:alert(1)", "jar:http://a!/", "dict://a:1/", "s3://bucket/key"}) {
        EXPECT_EQ(parse_url(text).error().code, ErrorCode::forbidden_address) << text;
    }
}

TEST(Url, LengthIsBounded) {
    const std::string start = "http://example.com/";
    EXPECT_TRUE(parse_url(start + std::string(2048 - start.size(), 'a')));
    EXPECT_FALSE(parse_url(start + std::string(2049 - start.size(), 'a')));
    EXPECT_TRUE(parse_url("http://" + std::string(63, 'a') + ".b/"));
    EXPECT_FALSE(parse_url("http://" + std::string(64, 'a') + ".b/"));
    std::string long_host;
    for (int i = 0; i < 126; ++i) long_host += "a.";
    EXPECT_TRUE(parse_url("http://" + long_host + "b/"));
    EXPECT_FALSE(parse_url("http://" + long_host + "bb/"));
}

TEST(Url, ARedirectIsRelativeToWhereItWasFound) {
    const Url from = *parse_url("https://example.com/a/b?c");
    const auto to = [&](const std::string& location) {
        const Result<Url> url = follow(from, location);
        return url ? to_text(*url) : "";
    };
    EXPECT_EQ(to("d"), "https://example.com/a/d");
    EXPECT_EQ(to("/d?e"), "https://example.com/d?e");
    EXPECT_EQ(to("../../x"), "https://example.com/x");
    EXPECT_EQ(to("//other.example/y"), "https://other.example/y");
    EXPECT_EQ(to("https://OTHER.example:8443/#f"), "https://other.example:8443/");
}

TEST(Url, ARedirectToAnythingButAnAllowedAddressIsNotFollowed) {
    const Url from = *parse_url("https://example.com/a");
    for (const char* location :
         {"http://example.com/a", "http://example.com:443/a", "file:///etc/passwd", "ftp://a/", "gopher://a/",
          "data:,x", "https://user@example.com/", "https://u:p@example.com/", "https://a\\b/",
          "https://exa mple/", "https://[::1/",
          "https://b\xc3\xbc"
          "cher.example/",
          "https://%31.1.1.1/", "/a b"}) {
        const Result<Url> url = follow(from, location);
        ASSERT_FALSE(url) << location << " -> " << to_text(*url);
        EXPECT_EQ(url.error().code, ErrorCode::forbidden_address) << location;
    }
}

}  // namespace
}  // namespace vignette
