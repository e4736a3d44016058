#include "app/url_options.h"
#include "app/command_line.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "app/files/file_url.h"
#include "fakes/http_server.h"
#include "fakes/scratch_folder.h"

namespace vignette {
namespace {

UrlOptions parsed_urls(std::vector<std::string> words) {
    words.insert(words.begin(), {"vignette", "caption"});
    words.emplace_back("cat.jpg");
    std::vector<char*> arguments;
    arguments.reserve(words.size());
    for (std::string& word : words) arguments.push_back(word.data());
    const Parsed parsed = parse_options(static_cast<int>(arguments.size()), arguments.data());
    EXPECT_TRUE(parsed.options);
    EXPECT_EQ(parsed.options->files, std::vector<std::string>{"cat.jpg"});
    return parsed.options->urls;
}

TEST(UrlOptions, WithoutAnyOnlyThePublicWebIsFetched) {
    const Result<FetchRules> rules = fetch_rules(parsed_urls({}));
    ASSERT_TRUE(rules);
    EXPECT_FALSE(rules->may_dial(ip_v4(0x7F000001)));
    EXPECT_TRUE(rules->may_dial(ip_v4(0x08080808)));
    EXPECT_EQ(rules->hosts.ports, (std::vector<std::uint16_t>{80, 443}));
    EXPECT_TRUE(rules->hosts.headers_need_https);
    EXPECT_EQ(rules->deadline, std::chrono::seconds{30});
}

TEST(UrlOptions, TheCommandLineSaysWhatIsFetched) {
    const UrlOptions options = parsed_urls(
        {"--url-hosts", "a.example", "--url-hosts", "*.b.example,c.example", "--url-deny", "x.b.example",
         "--url-ports", "8443", "--url-headers", "a.example=Accept: a, b", "--url-deadline-s", "5"}
    );
    const Result<FetchRules> rules = fetch_rules(options);
    ASSERT_TRUE(rules) << rules.error().message;
    EXPECT_EQ(rules->hosts.allowed.size(), 3U);
    EXPECT_EQ(rules->hosts.denied.size(), 1U);
    EXPECT_EQ(rules->hosts.ports, (std::vector<std::uint16_t>{8443}));
    EXPECT_EQ(rules->hosts.headers.at(0).line, "Accept: a, b");
    EXPECT_EQ(rules->deadline, std::chrono::seconds{5});
}

TEST(UrlOptions, TheEnvironmentSaysWhatIsFetched) {
    const std::vector<std::pair<const char*, const char*>> variables{
        {"VIGNETTE_ALLOW_PRIVATE_URLS", "true"},
        {"VIGNETTE_URL_HOSTS", "a.example,*.b.example"},
        {"VIGNETTE_URL_DENY", "c.example"},
        {"VIGNETTE_URL_PORTS", "80,9000"},
        {"VIGNETTE_URL_HEADERS", "a.example=X: 1, 2\nc.example=Y: 3\n"},
        {"VIGNETTE_URL_DEADLINE_S", "7"},
    };
    for (const auto& [name, value] : variables) setenv(name, value, 1);
    const UrlOptions options = parsed_urls({});
    for (const auto& [name, value] : variables) unsetenv(name);
    const Result<FetchRules> rules = fetch_rules(options);
    ASSERT_TRUE(rules) << rules.error().message;
    EXPECT_TRUE(rules->may_dial(ip_v4(0x7F000001)));
    EXPECT_EQ(rules->hosts.allowed.size(), 2U);
    EXPECT_EQ(rules->hosts.denied.size(), 1U);
    EXPECT_EQ(rules->hosts.ports, (std::vector<std::uint16_t>{80, 9000}));
    ASSERT_EQ(rules->hosts.headers.size(), 2U);
    EXPECT_EQ(rules->hosts.headers[0].line, "X: 1, 2");
    EXPECT_FALSE(rules->hosts.headers_need_https);
    EXPECT_EQ(rules->deadline, std::chrono::seconds{7});
}

TEST(UrlOptions, WhatIsNotWrittenRightIsTold) {
    EXPECT_EQ(fetch_rules({.hosts = {"https://a"}}).error().code, ErrorCode::usage);
    EXPECT_EQ(fetch_rules({.denied = {"*"}}).error().code, ErrorCode::usage);
    EXPECT_EQ(fetch_rules({.headers = {"a.example: x"}}).error().code, ErrorCode::usage);
    EXPECT_FALSE(open_fetcher({.hosts = {""}}));
}

TEST(UrlOptions, AnAddressOfThisMachineIsFetchedWhereTheOperatorAllowsIt) {
    const HttpServer server([](const HeardRequest&) { return ServerAnswer{.body = "picture"}; });
    const FetchRequest request{.url = server.url(), .bytes_max = 100, .job = {}};
    EXPECT_EQ((*open_fetcher({}))->fetch(request, {}).error().code, ErrorCode::forbidden_address);
    EXPECT_EQ(server.connections(), 0);
    EXPECT_EQ((*open_fetcher({.allow_private = true}))->fetch(request, {})->size(), 7U);
}

TEST(FileUrl, ItsSchemeIsReadInAnyCase) {
    EXPECT_TRUE(is_web_url("HTTP://a/"));
    EXPECT_TRUE(is_web_url("https://a/"));
    EXPECT_FALSE(is_web_url("https.jpg"));
    EXPECT_FALSE(is_web_url("http"));
    EXPECT_FALSE(is_web_url("httpx://a"));
    EXPECT_TRUE(is_file_url("File:///a"));
    EXPECT_FALSE(is_file_url("file.jpg"));
}

class FileUrls : public testing::Test {
protected:
    FileUrls() {
        std::filesystem::create_directories(folder.path() / "open/below");
        std::filesystem::create_directories(folder.path() / "opener");
        for (const char* name : {"open/cat 1.jpg", "open/below/cat.jpg", "opener/cat.jpg", "secret.jpg"}) {
            std::ofstream(folder.path() / name) << "x";
        }
        std::filesystem::create_symlink(folder.path() / "secret.jpg", folder.path() / "open/link.jpg");
        std::filesystem::create_symlink(folder.path() / "open/below", folder.path() / "open/inside");
    }
    Result<std::filesystem::path> find(const std::string& path) const {
        return find_file(
            "file://" + folder.path().string() + path, {"/no/such/folder", (folder.path() / "open").string()}
        );
    }
    const ScratchFolder folder;
};

TEST_F(FileUrls, AFileUnderARootIsFound) {
    EXPECT_TRUE(find("/open/cat%201.jpg"));
    EXPECT_TRUE(find("/open/below/../below/cat.jpg"));
    EXPECT_TRUE(find("/open/inside/cat.jpg"));  // a link that stays inside
    EXPECT_TRUE(find_file(
        "file://localhost" + (folder.path() / "open/below/cat.jpg").string(), {folder.path().string()}
    ));
    EXPECT_TRUE(find_file("file:" + (folder.path() / "open/below/cat.jpg").string(), {"/"}));
}

TEST_F(FileUrls, WhatLiesElsewhereIsForbiddenByWhateverWay) {
    for (const char* path :
         {"/secret.jpg", "/open/../secret.jpg", "/open/%2e%2e/secret.jpg", "/open/%2E%2E%2Fsecret.jpg",
          "/open/link.jpg", "/opener/cat.jpg"}) {
        const Result<std::filesystem::path> file = find(path);
        ASSERT_FALSE(file) << path;
        EXPECT_EQ(file.error().code, ErrorCode::forbidden_address) << path;
    }
}

TEST_F(FileUrls, WhatIsNoFilesAddressIsWrongUsage) {
    for (const char* url :
         {"file:", "file://", "file:cat.jpg", "file://other-host/cat.jpg", "file:////server/cat.jpg",
          "file:///a%", "file:///a%2", "file:///a%zz", "file:///a%00b", "file:///no/such/file"}) {
        EXPECT_EQ(find_file(url, {"/"}).error().code, ErrorCode::usage) << url;
    }
}

TEST(FileUrl, ANameIsAPathUnlessItIsAnAddress) {
    EXPECT_EQ(find_named("photos/cat.jpg", {}).value(), "photos/cat.jpg");
    const auto foreign = find_named("ftp://example.com/cat.jpg", {});
    ASSERT_FALSE(foreign.has_value());
    EXPECT_EQ(foreign.error().code, ErrorCode::usage);
    EXPECT_NE(foreign.error().message.find("https://"), std::string::npos);
}

}  // namespace
}  // namespace vignette
