#include "net/fetch/host_rules.h"

#include <gtest/gtest.h>

namespace vignette {
namespace {

bool allows(const HostRules& rules, const char* url) { return check(rules, *parse_url(url)).has_value(); }

HostPattern pattern(const char* text) { return *parse_host_pattern(text); }

TEST(HostRules, WithoutListsEveryHostIsAllowedAtThePortsOfTheWeb) {
    const HostRules rules;
    EXPECT_TRUE(allows(rules, "http://a.example/"));
    EXPECT_TRUE(allows(rules, "https://a.example/"));
    EXPECT_TRUE(allows(rules, "http://a.example:443/"));
    EXPECT_FALSE(allows(rules, "http://a.example:22/"));
    EXPECT_FALSE(allows(rules, "http://a.example:8080/"));
}

TEST(HostRules, AWildcardMatchesEveryHostBelowButNotTheDomainItself) {
    HostRules rules;
    rules.allowed = {pattern("*.Example.com.")};
    EXPECT_TRUE(allows(rules, "http://a.example.com/"));
    EXPECT_TRUE(allows(rules, "http://a.b.EXAMPLE.com./"));
    EXPECT_FALSE(allows(rules, "http://example.com/"));
    EXPECT_FALSE(allows(rules, "http://badexample.com/"));
    EXPECT_FALSE(allows(rules, "http://example.com.evil.example/"));
    EXPECT_FALSE(allows(rules, "http://evil.example/a.example.com"));
}

TEST(HostRules, DenyingOverridesAllowing) {
    HostRules rules;
    rules.allowed = {pattern("*.example.com"), pattern("8.8.8.8")};
    rules.denied = {pattern("secret.example.com"), pattern("1.2.3.4")};
    EXPECT_FALSE(allows(rules, "http://secret.example.com/"));
    EXPECT_FALSE(allows(rules, "http://SECRET.example.com./"));
    EXPECT_TRUE(allows(rules, "http://a.secret.example.com/"));
    EXPECT_TRUE(allows(rules, "http://134744072/"));  // 8.8.8.8
    EXPECT_FALSE(allows(rules, "http://0x01020304/"));
}

TEST(HostRules, APatternThatIsNotAHostIsReportedToTheOperator) {
    EXPECT_EQ(pattern(" cdn.example.com ").host, "cdn.example.com");
    EXPECT_EQ(pattern("2606:4700:0::1111").host, "2606:4700::1111");
    for (const char* text :
         {"", "*", "*.", "*.*.a", "a.*", "https://a.example", "a/b", "a b", "a:80",
          "b\xc3\xbc"
          "cher.example"}) {
        const Result<HostPattern> wrong = parse_host_pattern(text);
        ASSERT_FALSE(wrong) << text;
        EXPECT_EQ(wrong.error().code, ErrorCode::usage);
    }
}

TEST(HostRules, AHeaderIsSentOnlyToItsHostAndOnlyOverHttps) {
    HostRules rules;
    rules.headers = {
        *parse_host_header("cdn.example.com=Authorization: Bearer a=b, c"),
        *parse_host_header("*.b.example=X-Key:1")
    };
    const auto lines = [&](const char* url) { return headers_for(rules, *parse_url(url)); };
    EXPECT_EQ(lines("https://cdn.example.com/"), std::vector<std::string>{"Authorization: Bearer a=b, c"});
    EXPECT_EQ(lines("https://a.b.example/"), std::vector<std::string>{"X-Key: 1"});
    EXPECT_TRUE(lines("http://cdn.example.com/").empty());
    EXPECT_TRUE(lines("https://other.example.com/").empty());
    rules.headers_need_https = false;
    EXPECT_EQ(lines("http://cdn.example.com/").size(), 1U);
}

TEST(HostRules, AHeaderThatWouldBreakTheRequestIsRefused) {
    for (const char* text :
         {"", "a.example", "a.example=", "a.example=X", "a.example=X:", "a.example=: y", "=X: y", "X: y",
          "a.example=X Y: z", "a.example=X: a\r\nY: b", "a.example=X: a\nb", "a.example=Host: b",
          "a.example=content-length: 5", "a.example=Accept-Encoding: br", "a b=X: y"}) {
        const Result<HostHeader> wrong = parse_host_header(text);
        ASSERT_FALSE(wrong) << text;
        EXPECT_EQ(wrong.error().code, ErrorCode::usage);
    }
    EXPECT_EQ(parse_host_header("a.example=X y: hunter2").error().message.find("hunter2"), std::string::npos);
}

TEST(HostRules, ADeniedAddressIsDeniedInEveryNotation) {
    HostRules rules;
    rules.denied = {pattern("1.2.3.4"), pattern("2606:4700::1111")};
    for (const char* url :
         {"http://[::ffff:1.2.3.4]/", "http://[::ffff:102:304]/", "http://0x01020304/",
          "http://[64:ff9b::1.2.3.4]/", "http://[2002:102:304::]/", "http://[2606:4700:0:0::1111]/"}) {
        EXPECT_FALSE(allows(rules, url)) << url;
    }
    EXPECT_TRUE(allows(rules, "http://[::ffff:1.2.3.5]/"));
}

TEST(HostRules, ADeniedAddressIsDeniedUnderEveryName) {
    HostRules rules;
    rules.denied = {pattern("::ffff:1.2.3.4"), pattern("*.example.com")};
    const auto resolved = [&](std::vector<const char*> texts) {
        std::vector<IpAddress> addresses;
        for (const char* text : texts) addresses.push_back(*parse_ip(text));
        return check(rules, addresses).has_value();
    };
    EXPECT_TRUE(resolved({"1.2.3.5", "2606:4700::1"}));
    EXPECT_FALSE(resolved({"1.2.3.5", "1.2.3.4"}));
    EXPECT_FALSE(resolved({"::ffff:1.2.3.4"}));
}

}  // namespace
}  // namespace vignette
