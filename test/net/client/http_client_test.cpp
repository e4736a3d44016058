#include "net/client/http_client.h"
#include "net/client/http_transfer.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <future>
#include <latch>
#include <string_view>

#include "fakes/gate.h"
#include "fakes/http_server.h"

namespace {
vignette::Gate name_server;  // before which one name waits
}

// libcurl's threads ask for addresses here.
extern "C" __attribute__((visibility("default"))) int getaddrinfo(
    const char* node, const char* service, const addrinfo* hints, addrinfo** found
) {
    if (node != nullptr && std::string_view(node) == "slow.invalid") {
        name_server.pass();
        return EAI_FAIL;
    }
    static const auto real = std::bit_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
    return real(node, service, hints, found);
}

namespace vignette {
namespace {

// A port of the loopback that says nothing by itself.
struct Listener {
    int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    int port = 0;

    explicit Listener(int backlog) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const any = std::bit_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        ::bind(socket, any, size);
        ::listen(socket, backlog);
        ::getsockname(socket, any, &size);
        port = ntohs(address.sin_port);
    }
    ~Listener() { ::close(socket); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    std::string url(const char* scheme) const {
        return std::string(scheme) + "://127.0.0.1:" + std::to_string(port) + "/";
    }
};

using namespace std::chrono_literals;
using Way = ServerAnswer::Way;

HttpServer::Handler always(ServerAnswer answer) {
    return [answer](const HeardRequest&) { return answer; };
}

TEST(HttpClient, AnAnswerIsStatusAndBody) {
    const HttpServer server(always({.status = 418, .body = "tea"}));
    HttpClient client("test/1");
    const Result<HttpResponse> answer = client.send({.url = server.url("/pot?size=1")});
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->status, 418);
    EXPECT_EQ(answer->body, "tea");
    const HeardRequest heard = server.heard().at(0);
    EXPECT_EQ(heard.method, "GET");
    EXPECT_EQ(heard.target, "/pot?size=1");
    EXPECT_EQ(heard.headers.at("user-agent"), "test/1");
}

TEST(HttpClient, APostCarriesHeadersAndTheBodyToTheByte) {
    const HttpServer server(always({}));
    HttpClient client("test/1");
    const std::string body = std::string("a\0b", 3) + std::string(3'000'000, 'x');
    const Result<HttpResponse> answer = client.send(
        {.method = HttpMethod::post,
         .url = server.url(),
         .headers = {"Authorization: key"},
         .body = SharedText(body)}
    );
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(server.heard().at(0).body, body);
    EXPECT_EQ(server.heard().at(0).headers.at("authorization"), "key");
    EXPECT_FALSE(server.heard().at(0).headers.contains("expect"));
}

TEST(HttpClient, AnEmptyPostIsAPost) {
    const HttpServer server(always({}));
    HttpClient client("test/1");
    ASSERT_TRUE(client.send({.method = HttpMethod::post, .url = server.url()}));
    EXPECT_EQ(server.heard().at(0).method, "POST");
    EXPECT_EQ(server.heard().at(0).body, "");
}

TEST(HttpClient, OneConnectionServesManyRequests) {
    const HttpServer server(always({.body = "x"}));
    HttpClient client("test/1");
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(client.send({.url = server.url()}));
    EXPECT_EQ(server.connections(), 1);
}

TEST(HttpClient, ManyRequestsAreUnderWayAtOnce) {
    std::latch all_there(8);
    const HttpServer server([&](const HeardRequest& request) {
        all_there.arrive_and_wait();  // ends only if nobody waits for another's answer
        return ServerAnswer{.body = request.target};
    });
    HttpClient client("test/1");
    std::vector<std::future<Result<HttpResponse>>> answers;
    for (int i = 0; i < 8; ++i) {
        answers.push_back(std::async(std::launch::async, [&, i] {
            return client.send({.url = server.url("/" + std::to_string(i))});
        }));
    }
    for (int i = 0; i < 8; ++i)
        EXPECT_EQ(answers[static_cast<std::size_t>(i)].get()->body, "/" + std::to_string(i));
}

TEST(HttpClient, AConnectionThatIsResetIsUnreachable) {
    const HttpServer server(always({.way = Way::reset}));
    HttpClient client("test/1");
    const Result<HttpResponse> answer = client.send({.url = server.url()});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
    EXPECT_FALSE(answer.error().message.empty());
}

TEST(HttpClient, HalfABodyIsAnErrorAndNotAnAnswer) {
    const HttpServer server(always({.body = std::string(1000, 'x'), .way = Way::half}));
    HttpClient client("test/1");
    const Result<HttpResponse> answer = client.send({.url = server.url()});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::unreachable);
}

TEST(HttpClient, ASilentServerIsTooSlow) {
    const HttpServer server(always({.way = Way::silence}));
    HttpClient client("test/1");
    const Result<HttpResponse> answer = client.send({.url = server.url(), .timeout = 50ms});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::too_slow);
}

TEST(HttpClient, AnAnswerBeyondItsLimitIsRefused) {
    const HttpServer server(always({.body = std::string(100'001, 'x')}));
    HttpClient client("test/1");
    const Result<HttpResponse> answer = client.send({.url = server.url(), .response_bytes_max = 100'000});
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::too_large);
    EXPECT_TRUE(client.send({.url = server.url(), .response_bytes_max = 100'001}));
}

TEST(HttpClient, OnlyHttpIsSpoken) {
    HttpClient client("test/1");
    EXPECT_FALSE(client.send({.url = "file:///etc/hostname"}));
    EXPECT_FALSE(client.send({.url = "no address"}));
}

TEST(HttpClient, AStopEndsAQuestionThatIsOpen) {
    const HttpServer server(always({.way = Way::silence}));
    HttpClient client("test/1");
    std::stop_source stop;
    std::future<Result<HttpResponse>> answer =
        std::async(std::launch::async, [&] { return client.send({.url = server.url()}, stop.get_token()); });
    server.wait_for(1);
    stop.request_stop();
    ASSERT_FALSE(answer.get());
}

// The deadline itself is asked for, because the client's thread alone knows when it lets go.
TEST(HttpTransfer, AfterAStopOnlyAnAnswerThatHasBegunIsAwaited) {
    HttpTransfer transfer({.url = "http://localhost/"}, "test/1", [](const Result<HttpResponse>&) {}, {});
    EXPECT_LE(transfer.stop_deadline(), Transfer::Clock::now());
}

// Sends more than the sockets between can hold, so that the client has read some of it, then calls
// `meanwhile`, and sends the last byte where that says so.
ServerAnswer begun_answer(const std::function<bool()>& meanwhile) {
    return {.by_hand = [meanwhile](const std::function<bool(std::string_view)>& send) {
        const std::string most(32 * MiB, 'x');
        send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(most.size() + 1) + "\r\n\r\n");
        send(most);
        if (meanwhile()) send("!");
    }};
}

TEST(HttpClient, AnAnswerThatHasBegunIsReadAfterAStop) {
    HttpClient client("test/1");
    std::stop_source stop;
    const HttpServer other(always({}));
    const HttpServer server([&](const HeardRequest&) {
        return begun_answer([&] {
            stop.request_stop();
            return client.send({.url = other.url()}).has_value();  // by then the client has seen the stop
        });
    });
    const Result<HttpResponse> answer =
        client.send({.url = server.url(), .response_bytes_max = 64 * MiB}, stop.get_token());
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(answer->body.size(), 32 * MiB + 1);
    EXPECT_EQ(answer->body.back(), '!');
}

TEST(HttpClient, AnAnswerThatNeverEndsIsGivenUpAfterAStop) {
    std::stop_source stop;
    std::promise<void> given_up;
    const HttpServer server([&](const HeardRequest&) {
        return begun_answer([&] {
            stop.request_stop();
            given_up.get_future().wait();
            return false;
        });
    });
    HttpClient client("test/1");
    const Result<HttpResponse> answer =
        client.send({.url = server.url(), .response_bytes_max = 64 * MiB}, stop.get_token());
    given_up.set_value();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::cancelled);
}

TEST(HttpClient, AStopBeforeTheStartSendsNothing) {
    const HttpServer server(always({}));
    HttpClient client("test/1");
    std::stop_source stop;
    stop.request_stop();
    const Result<HttpResponse> answer = client.send({.url = server.url()}, stop.get_token());
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(server.heard().empty());
}

TEST(HttpClient, ARequestWaitsForItsTime) {
    const HttpServer server(always({}));
    HttpClient client("test/1");
    const auto not_before = std::chrono::steady_clock::now() + 80ms;
    ASSERT_TRUE(client.send({.url = server.url(), .not_before = not_before}));
    EXPECT_GE(std::chrono::steady_clock::now(), not_before);
}

TEST(HttpClient, TheEndAnswersWhoeverWaits) {
    const HttpServer server(always({.way = Way::silence}));
    std::promise<Result<HttpResponse>> open;
    std::promise<Result<HttpResponse>> not_yet_started;
    {
        HttpClient client("test/1");
        client.start({.url = server.url()}, [&](Result<HttpResponse> answer) {
            open.set_value(std::move(answer));
        });
        client.start(
            {.url = server.url(), .not_before = std::chrono::steady_clock::now() + 1h},
            [&](Result<HttpResponse> answer) { not_yet_started.set_value(std::move(answer)); }
        );
        server.wait_for(1);
    }
    EXPECT_EQ(open.get_future().get().error().code, ErrorCode::cancelled);
    EXPECT_EQ(not_yet_started.get_future().get().error().code, ErrorCode::cancelled);
}

TEST(HttpClient, AServerThatIsNotReachedIsNoSlowAnswer) {
    const Listener full(0);
    HttpClient client("test/1");
    std::atomic<int> unreachable = 0;  // nobody accepts: after a few the port no longer answers
    std::atomic<int> left = 8;
    std::promise<void> all;
    for (int i = 0; i < 8; ++i) {
        client.start({.url = full.url("http"), .timeout = 1s}, [&](const Result<HttpResponse>& answer) {
            if (!answer && answer.error().code == ErrorCode::unreachable) ++unreachable;
            if (--left == 0) all.set_value();
        });
    }
    all.get_future().get();
    EXPECT_GT(unreachable, 0);
    EXPECT_LT(unreachable, 8);  // those that were let in wait for an answer
}

// Streams of one connection outlive each other's timeouts: a connection that is dead would serve for minutes.
TEST(HttpClient, EachRequestUnderWayHasAConnectionOfItsOwn) {
    const Listener server(8);
    HttpClient client("test/1");
    std::promise<Result<HttpResponse>> ended;
    client.start({.url = server.url("https")}, [&](Result<HttpResponse> answer) {
        ended.set_value(std::move(answer));
    });
    const int socket = ::accept(server.socket, nullptr, nullptr);
    char hello[4096];
    const ssize_t size = ::recv(socket, hello, sizeof hello, 0);
    ::close(socket);
    EXPECT_FALSE(ended.get_future().get());
    ASSERT_GT(size, 0);
    const std::string_view heard(hello, static_cast<std::size_t>(size));
    EXPECT_EQ(heard.find("\x02h2"), std::string_view::npos);  // in the list of protocols
}

TEST(HttpClient, ASlowNameServerHoldsUpNobody) {
    const HttpServer server(always({}));
    name_server.shut();
    HttpClient client("test/1");
    std::stop_source stop;
    std::future<Result<HttpResponse>> slow = std::async(std::launch::async, [&] {
        return client.send({.url = "http://slow.invalid/"}, stop.get_token());
    });
    name_server.await();
    stop.request_stop();
    EXPECT_EQ(slow.wait_for(10s), std::future_status::ready);
    std::future<Result<HttpResponse>> other =
        std::async(std::launch::async, [&] { return client.send({.url = server.url()}); });
    EXPECT_EQ(other.wait_for(10s), std::future_status::ready);
    name_server.open();
}

TEST(HttpClient, AnAbsurdRetryAfterIsBounded) {
    for (const char* value :
         {"9223372036854775807", "99999999999999999999", "-5", "Thu, 01 Jan 1970 00:00:00 GMT"}) {
        const HttpServer server(
            always({.status = 429, .headers = "Retry-After: " + std::string(value) + "\r\n"})
        );
        HttpClient client("test/1");
        const std::chrono::seconds told = client.send({.url = server.url()})->retry_after;
        EXPECT_GE(told, 0s) << value;
        EXPECT_LE(told, 24h) << value;
    }
}

TEST(HttpClient, TheServersRetryAfterIsReported) {
    const HttpServer server(always({.status = 429, .headers = "Retry-After: 7\r\n"}));
    HttpClient client("test/1");
    EXPECT_EQ(client.send({.url = server.url()})->retry_after, 7s);
}

// A server that sends whoever comes to another address.
HttpServer::Handler sending_to(std::string address, int status) {
    return [address = std::move(address), status](const HeardRequest&) -> ServerAnswer {
        return {.status = status, .headers = "Location: " + address + "\r\n"};
    };
}

HttpRequest post_to(std::string url) {
    return {
        .method = HttpMethod::post,
        .url = std::move(url),
        .headers = {"Authorization: key"},
        .body = SharedText("text"),
        .wanted = Wanted::status,
    };
}

TEST(HttpClient, APostIsRedirectedWithItsMethodAndBodyAndItsKeyStaysWithItsHost) {
    for (const int status : {307, 308}) {
        const HttpServer other([](const HeardRequest&) -> ServerAnswer { return {}; }, "127.0.0.2");
        const HttpServer first(sending_to(other.url("/there"), status));
        EXPECT_EQ(HttpClient("test/1").send(post_to(first.url("/here")))->status, 200);
        ASSERT_EQ(other.heard().size(), 1U);
        EXPECT_EQ(other.heard()[0].method, "POST");
        EXPECT_EQ(other.heard()[0].body, "text");
        EXPECT_FALSE(other.heard()[0].headers.contains("authorization"));
    }
}

TEST(HttpClient, ARedirectWithinAHostKeepsTheKey) {
    const HttpServer server([](const HeardRequest& request) -> ServerAnswer {
        if (request.target == "/there") return {};
        return {.status = 307, .headers = "Location: /there\r\n"};
    });
    EXPECT_EQ(HttpClient("test/1").send(post_to(server.url("/here")))->status, 200);
    EXPECT_EQ(server.heard().back().headers.at("authorization"), "key");
}

TEST(HttpClient, ARedirectThatWouldTurnAPostIntoAGetIsAnAnswer) {
    for (const int status : {301, 302, 303}) {
        const HttpServer other([](const HeardRequest&) -> ServerAnswer { return {}; });
        const HttpServer first(sending_to(other.url(), status));
        EXPECT_EQ(HttpClient("test/1").send(post_to(first.url()))->status, status);
        EXPECT_TRUE(other.heard().empty());
    }
}

TEST(HttpClient, ALoopOfRedirectsEndsSoon) {
    const HttpServer server(sending_to("/", 308));
    EXPECT_EQ(HttpClient("test/1").send(post_to(server.url()))->status, 308);
    EXPECT_EQ(HttpClient("test/1").send({.url = server.url()})->status, 308);
    EXPECT_LE(server.heard().size(), 12U);
}

TEST(HttpClient, ARedirectLeadsToNothingButHttp) {
    const HttpServer server(sending_to("file:///etc/passwd", 307));
    EXPECT_FALSE(HttpClient("test/1").send(post_to(server.url())));
}

TEST(HttpClient, WhereOnlyTheStatusMattersItsBodyMayBeAnything) {
    const std::vector<ServerAnswer> answers{
        {.status = 201, .body = std::string(200 * KiB, 'x')},
        {.status = 201, .body = std::string(3 * MiB, 'x')},
        {.status = 201, .body = "{}", .way = ServerAnswer::Way::half},
        {.by_hand = [&](const auto& send) { send("HTTP/1.0 201 Made\r\n\r\nhello"); }},
        {.by_hand =
             [&](const auto& send) {
                 send("HTTP/1.1 201 Made\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nnonsense");
             }},
        {.by_hand =
             [&](const auto& send) {
                 send("HTTP/1.1 201 Made\r\nContent-Encoding: gzip\r\nContent-Length: 5\r\n\r\nhello");
             }},
    };
    for (const ServerAnswer& answer : answers) {
        const HttpServer server([&](const HeardRequest&) { return answer; });
        const Result<HttpResponse> response = HttpClient("test/1").send(post_to(server.url()));
        ASSERT_TRUE(response) << response.error().message;
        EXPECT_EQ(response->status, 201);
    }
}

TEST(HttpClient, AStatusWhoseHeadIsCutOffIsNone) {
    const HttpServer server([&](const HeardRequest&) -> ServerAnswer {
        return {.by_hand = [](const auto& send) { send("HTTP/1.1 200 OK\r\nContent-Le"); }};
    });
    EXPECT_FALSE(HttpClient("test/1").send(post_to(server.url())));
}

TEST(HttpClient, WhatComesPackedThoughNobodyAskedIsUnpacked) {
    const std::string packed(
        "\x1f\x8b\x08\0\0\0\0\0\x02\x03\xcb\x48\xcd\xc9\xc9\x07\0\x86\xa6\x10\x36\x05\0\0\0", 25
    );
    const HttpServer server([&](const HeardRequest&) -> ServerAnswer {
        return {.body = packed, .headers = "Content-Encoding: gzip\r\n"};
    });
    EXPECT_EQ(HttpClient("test/1").send({.url = server.url()})->body, "hello");
    EXPECT_FALSE(server.heard()[0].headers.contains("accept-encoding"));
}

}  // namespace
}  // namespace vignette
