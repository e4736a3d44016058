// Server-side request forgery (SSRF): nobody who can name an address may reach this machine or its neighbours
// through us.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <future>

#include "net/fetch/sealed_fetcher.h"
#include "net/fetch/sealed_fixture.h"

namespace vignette {
namespace {

// What must not be reached: one port on loopback, over both IPv4 and IPv6. At the open place it is free.
struct Inside {
    static constexpr const char* places[] = {"127.0.0.1", "::1", open};
    int port = port_free_at(places);
    HttpServer v4{always({.body = "secret"}), "127.0.0.1", port};
    HttpServer v6{always({.body = "secret"}), "::1", port};

    int connections() const { return v4.connections() + v6.connections(); }
    // "HOST" and "PORT" stand for this.
    std::string fill_in(std::string text) const {
        for (std::size_t at = 0; (at = text.find("PORT")) != std::string::npos;) {
            text.replace(at, 4, std::to_string(port));
        }
        return text;
    }
};

// Every notation that some program takes for an internal address. None of them may be contacted.
const std::vector<std::string> hosts_inside{
    "127.0.0.1",
    "127.0.0.1.",
    "127.1",
    "127.0.1",
    "2130706433",
    "2130706433.",
    "0x7f000001",
    "0X7F.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0177.0.0.01",
    "00000177.0.0.1",
    "127.0.0x1",
    "127.000000001",
    "0",
    "0.0.0.0",
    "0x0",
    "127.255.255.254",
    "[::1]",
    "[::]",
    "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:7f00:0001::1]",
    "[2001:0:7f00:1::1]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[ff02::1]",
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "192.168.0.1",
    "0xc0a80001",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[64:ff9b::a9fe:a9fe]",
    "[2002:a9fe:a9fe::]",
    "100.100.100.200",
    "192.0.0.192",
    "168.63.129.16",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
};

// Programs read these differently, so they are not accepted as addresses.
const std::vector<std::string> urls_in_disguise{
    "http://user@127.0.0.1:PORT/",
    "http://example.com@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT@example.com/",
    "http://example.com:80@127.0.0.1:PORT/",
    "http://a:b@127.0.0.1:PORT/",
    "http://@127.0.0.1:PORT/",
    "http://example.com\\@127.0.0.1:PORT/",
    "http://127.0.0.1:PORT\\@example.com/",
    "http:\\\\127.0.0.1:PORT/",
    "http://%31%32%37.0.0.1:PORT/",
    "http://127.0.0.1%2f:PORT/",
    "http://127%2e0%2e0%2e1:PORT/",
    "http://loc%61lhost:PORT/",
    "http://\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1:PORT/",  // full-width digits
    "http://\xe2\x91\xa0\xe2\x91\xa1\xe2\x91\xa6.0.0.1:PORT/",  // circled digits
    "http://loc\xe2\x80\x8b"
    "alhost:PORT/",
    "http://127.0.0.1\xe2\x80\x8b:PORT/",
    "http://\xe2\x93\x9bocalhost:PORT/",
    "http://127\xe3\x80\x82"
    "0\xe3\x80\x82"
    "0\xe3\x80\x82"
    "1:PORT/",  // ideographic full stops
    "http://\xd1\x8d"
    "example.com:PORT/",
    "http://local\xc2\xad"
    "host:PORT/",
    "http://[::1%25lo]:PORT/",
    "http://[::1%lo]:PORT/",
    "http://[127.0.0.1]:PORT/",
    "http://[::1:PORT/",
    "http://[::1]]:PORT/",
    "http://127.0.0.1:PORT:80/",
    "http://127.0.0.1: PORT/",
    "http://127.0.0.1\t:PORT/",
    "http://127.0.0.1:PORT/\r\nHost: x",
    "http://\r\n127.0.0.1:PORT/",
    " http://127.0.0.1:PORT/",
    "http:127.0.0.1:PORT/",
    "http:/127.0.0.1:PORT/",
    "http:///127.0.0.1:PORT/",
    "//127.0.0.1:PORT/",
    "127.0.0.1:PORT/",
    "http://127.0.0.1..:PORT/",
    "http://.127.0.0.1:PORT/",
    "http://127..0.0.1:PORT/",
    "http://127.0.0.1.1:PORT/",
    "http://127.0.0.256:PORT/",
    "http://4294967297:PORT/",
    "http://0x17f000001:PORT/",
    "http://127.0.0.1;x:PORT/",
    "http://127.0.0.1,8.8.8.8:PORT/",
    "http://127.0.0.1&x:PORT/",
    "http://(127.0.0.1):PORT/",
    "http://+127.0.0.1:PORT/",
    "ftp://127.0.0.1:PORT/",
    "gopher://127.0.0.1:PORT/_x",
    "file:///etc/passwd",
    "file://127.0.0.1/etc/passwd",
    "dict://127.0.0.1:PORT/x",
    "ldap://127.0.0.1:PORT/",
    "tftp://127.0.0.1:PORT/",
    "unix:///var/run/docker.sock",
    "data:image/png;base64,AAAA",
    "jar:http://127.0.0.1:PORT/!/",
    "view-source:http://127.0.0.1:PORT/",
    "http+unix://127.0.0.1:PORT/",
};

std::string at_port(const std::string& host) { return "http://" + host + ":PORT/latest/meta-data/"; }

void expect_refusal(const Result<Bytes>& outcome, const std::string& url) {
    ASSERT_FALSE(outcome) << url;
    const ErrorCode code = outcome.error().code;
    EXPECT_TRUE(code == ErrorCode::forbidden_address || code == ErrorCode::invalid_input) << url;
    for (const char* leak : {"127.", "::1", "169.254", "10.0", "secret", "libcurl", "Could not"}) {
        EXPECT_EQ(outcome.error().message.find(leak), std::string::npos) << outcome.error().message;
    }
}

FetchRules public_rules() {
    FetchRules rules;
    rules.hosts.ports.clear();  // so that only the address can be the reason
    return rules;
}

TEST(Attack, NoNotationOfAnInternalAddressIsContacted) {
    const Inside inside;
    SealedFetcher fetcher(public_rules());
    for (const std::string& host : hosts_inside) {
        const std::string url = inside.fill_in(at_port(host));
        const Result<Bytes> outcome = fetch(fetcher, url);
        expect_refusal(outcome, url);
        EXPECT_EQ(outcome.error().code, ErrorCode::forbidden_address)
            << url << ": " << outcome.error().message;
    }
    EXPECT_GE(hosts_inside.size() + urls_in_disguise.size(), 60U);
    EXPECT_EQ(inside.connections(), 0);
}

TEST(Attack, NoDisguiseOfAnInternalAddressIsContacted) {
    const Inside inside;
    SealedFetcher fetcher(public_rules());
    for (const std::string& text : urls_in_disguise) {
        const std::string url = inside.fill_in(text);
        expect_refusal(fetch(fetcher, url), url);
    }
    EXPECT_EQ(inside.connections(), 0);
}

// Without this the tests above would pass with a fetcher that fetches nothing.
TEST(Attack, TheInternalListenerIsReachedIfThatIsAllowed) {
    const Inside inside;
    FetchRules rules = public_rules();
    rules.may_dial = [](const IpAddress&) { return true; };
    SealedFetcher fetcher(rules);
    int reached = 0;
    for (const char* host :
         {"127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "localhost", "[::1]"}) {
        EXPECT_EQ(text_of(fetch(fetcher, inside.fill_in(at_port(host)))), "secret") << host;
        ++reached;
    }
    EXPECT_EQ(inside.v4.heard().size() + inside.v6.heard().size(), static_cast<std::size_t>(reached));
}

TEST(Attack, ANameOfThisMachineIsNotContacted) {
    const Inside inside;
    SealedFetcher fetcher(public_rules());  // asks the system
    for (const char* host : {"localhost", "LOCALHOST", "localhost."}) {
        const std::string url = inside.fill_in(at_port(host));
        expect_refusal(fetch(fetcher, url), url);
    }
    EXPECT_EQ(inside.connections(), 0);
}

TEST(Attack, ARedirectDoesNotLeadInside) {
    const Inside inside;
    std::vector<std::string> targets;
    for (const std::string& host : hosts_inside) targets.push_back(inside.fill_in(at_port(host)));
    for (const std::string& text : urls_in_disguise) targets.push_back(inside.fill_in(text));
    targets.push_back(inside.fill_in("//127.0.0.1:PORT/"));
    targets.push_back(inside.fill_in("HTTP://[::1]:PORT/"));
    std::string target;
    // Three steps, to show that it does not matter which of them leads inside.
    const HttpServer server(
        [&](const HeardRequest& request) {
            const std::string next = request.target == "/1" ? "/2" : request.target == "/2" ? "/3" : target;
            return ServerAnswer{.status = 302, .headers = "Location: " + next + "\r\n"};
        },
        open
    );
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    for (const std::string& one : targets) {
        target = one;
        const Result<Bytes> outcome = fetch(fetcher, server.url("/1"));
        ASSERT_FALSE(outcome) << target;
        EXPECT_EQ(outcome.error().message.find("127."), std::string::npos) << outcome.error().message;
        EXPECT_NE(outcome.error().code, ErrorCode::unreachable) << target;
    }
    EXPECT_EQ(inside.connections(), 0);
}

TEST(Attack, ARedirectInACircleEnds) {
    const HttpServer server(always({.status = 302, .headers = "Location: /\r\n"}), open);
    SealedFetcher fetcher(rules_of_the_test(), names_at_the_open_place());
    EXPECT_EQ(fetch(fetcher, server.url()).error().code, ErrorCode::refused);
    EXPECT_EQ(server.heard().size(), 6U);
}

TEST(Attack, ANameWithAnInternalAddressIsNotContactedWhateverElseItHas) {
    const Inside inside;
    const HttpServer outside(always({.body = "x"}), open, inside.port);
    for (const std::vector<const char*>& answers : std::vector<std::vector<const char*>>{
             {"127.0.0.1"},
             {"::1"},
             {"127.0.0.2", "127.0.0.1"},
             {"127.0.0.1", "127.0.0.2"},
             {"127.0.0.2", "::1"},
             {"127.0.0.2", "8.8.8.8", "10.0.0.1"},
             {"127.0.0.2", "::ffff:127.0.0.1"},
             {"127.0.0.2", "64:ff9b::7f00:1"},
             {"127.0.0.2", "169.254.169.254"},
             {"127.0.0.2", "fe80::1"},
             {"0.0.0.0"},
             {"::"},
         }) {
        SealedFetcher fetcher(
            rules_of_the_test(),
            std::make_unique<ScriptedResolver>([&](const std::string&) -> Result<Resolver::Addresses> {
                return ips(answers);
            })
        );
        const std::string url = inside.fill_in("http://mixed.example:PORT/");
        expect_refusal(fetch(fetcher, url), url);
    }
    EXPECT_EQ(inside.connections() + outside.connections(), 0);
}

TEST(Attack, ANameThatMovesInsideIsNotFollowed) {
    const Inside inside;
    const HttpServer outside(
        [](const HeardRequest& request) {
            if (request.target == "/again")
                return ServerAnswer{.status = 302, .headers = "Location: /moved\r\n"};
            return ServerAnswer{.body = "picture"};
        },
        open, inside.port
    );
    int asked = 0;
    const auto moves_after = [&](int answers) {
        return std::make_unique<ScriptedResolver>(
            [&asked, answers](const std::string&) -> Result<Resolver::Addresses> {
                return ips({asked++ < answers ? "127.0.0.2" : "127.0.0.1"});
            }
        );
    };
    SealedFetcher fetcher(rules_of_the_test(), moves_after(1));
    const std::string url = inside.fill_in("http://moving.example:PORT/");
    EXPECT_EQ(text_of(fetch(fetcher, url)), "picture");
    EXPECT_EQ(asked, 1);                       // only the address that was checked is contacted
    expect_refusal(fetch(fetcher, url), url);  // even though a connection to it is still open

    asked = 0;
    SealedFetcher follower(rules_of_the_test(), moves_after(1));
    expect_refusal(fetch(follower, url + "again"), url);
    EXPECT_EQ(inside.connections(), 0);
}

// Whatever goes wrong before that: the socket itself is opened only to an approved address.
TEST(Attack, TheSecondCheckSeesWhereTheSocketConnects) {
    const Inside inside;
    CurlLoop loop(1);
    for (const char* host : {"127.0.0.1", "[::1]", "localhost"}) {
        std::promise<DownloadOutcome> done;
        DownloadRequest request{.url = *parse_url(inside.fill_in(at_port(host))), .approved = {open_place}};
        if (std::string_view(host) == "localhost")
            request.url.address = open_place;  // then nothing is pinned
        request.bytes_max = 100;
        request.deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        loop.add(std::make_unique<DownloadTransfer>(
            std::move(request), [&](DownloadOutcome outcome) { done.set_value(std::move(outcome)); },
            std::stop_token{}
        ));
        const DownloadOutcome outcome = done.get_future().get();
        ASSERT_FALSE(outcome) << host;
        EXPECT_EQ(outcome.error().error.code, ErrorCode::forbidden_address) << host;
    }
    EXPECT_EQ(inside.connections(), 0);
}

TEST(Attack, ProxiesInTheEnvironmentAreNotUsed) {
    constexpr std::array variables{"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
    const Inside inside;
    const HttpServer server(always({.body = "picture"}), open);
    for (const char* variable : variables) setenv(variable, inside.v4.url().c_str(), 1);
    FetchRules rules = rules_of_the_test();
    rules.retries_max = 0;
    rules.connect_timeout = std::chrono::milliseconds{200};  // nobody there speaks TLS
    SealedFetcher fetcher(rules, names_at_the_open_place());
    const std::string port = std::to_string(server.port());
    EXPECT_EQ(text_of(fetch(fetcher, "http://pictures.example:" + port + "/")), "picture");
    EXPECT_FALSE(fetch(fetcher, "https://pictures.example:" + port + "/"));
    for (const char* variable : variables) unsetenv(variable);
    EXPECT_EQ(inside.connections(), 0);
}

TEST(Attack, OnlyThePortsOfTheWebAreContacted) {
    const HttpServer server(always({.body = "x"}), open);
    FetchRules rules = rules_of_the_test();
    rules.hosts.ports = HostRules{}.ports;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    const std::string url = server.url();
    expect_refusal(fetch(fetcher, url), url);
    EXPECT_EQ(server.connections(), 0);
}

// The TLS handshake names the host although an IP address is contacted, and HTTP/2 is offered.
TEST(Attack, TheHandshakeNamesTheHost) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in place{};
    place.sin_family = AF_INET;
    place.sin_addr.s_addr = htonl(0x7F000002);
    socklen_t size = sizeof place;
    auto* const any = reinterpret_cast<sockaddr*>(&place);
    ASSERT_EQ(::bind(listener, any, size), 0);
    ASSERT_EQ(::listen(listener, 8), 0);
    ASSERT_EQ(::getsockname(listener, any, &size), 0);
    FetchRules rules = rules_of_the_test();
    rules.retries_max = 0;
    SealedFetcher fetcher(rules, names_at_the_open_place());
    const std::string url = "https://pictures.example:" + std::to_string(ntohs(place.sin_port)) + "/";
    std::future<Result<Bytes>> outcome = std::async(std::launch::async, [&] { return fetch(fetcher, url); });
    const int socket = ::accept(listener, nullptr, nullptr);
    char hello[4096];
    const ssize_t heard = ::recv(socket, hello, sizeof hello, 0);
    ::close(socket);
    ::close(listener);
    ASSERT_GT(heard, 0);
    const std::string_view text(hello, static_cast<std::size_t>(heard));
    EXPECT_NE(text.find("pictures.example"), std::string_view::npos);
    EXPECT_NE(text.find("\x02h2"), std::string_view::npos);
    EXPECT_EQ(outcome.get().error().code, ErrorCode::unreachable);
}

}  // namespace
}  // namespace vignette
