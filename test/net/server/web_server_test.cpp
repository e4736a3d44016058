#include "net/server/web_server.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "served.h"

namespace vignette {
namespace {

TEST(WebServer, OneConnectionServesOneRequestAfterTheOther) {
    const Served served;
    RawClient client(served.port());
    for (const std::string path : {"/a", "/b", "/c"}) {
        const RawAnswer answer = client.ask(get(path));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "GET " + path + " ");
        EXPECT_FALSE(answer.has("Connection: close"));
    }
}

TEST(WebServer, RequestsThatAreSentAtOnceAreAnsweredInTheirOrder) {
    const Served served;
    RawClient client(served.port());
    std::string all;
    for (int i = 0; i < 50; ++i) all += post("/" + std::to_string(i), "body " + std::to_string(i));
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        const std::string number = std::to_string(i);
        EXPECT_EQ(client.read_answer().body, "POST /" + number + " body " + number);
    }
}

TEST(WebServer, ARequestMayComeByteByByte) {
    const Served served;
    RawClient client(served.port());
    for (const char byte : post("/slow", "abc")) client.send({&byte, 1});
    EXPECT_EQ(client.read_answer().body, "POST /slow abc");
}

constexpr std::string_view chunked_head = "POST /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(WebServer, ABodyMayComeInChunks) {
    const Served served;
    RawClient client(served.port());
    const std::string body = "3\r\nabc\r\nA;x=\"y\"\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n";
    EXPECT_EQ(client.ask(std::string(chunked_head) + body).body, "POST /c abc0123456789");
    EXPECT_EQ(client.ask(std::string(chunked_head) + "0\r\n\r\n").body, "POST /c ");
    EXPECT_EQ(client.ask(get("/after")).body, "GET /after ");
}

// Beast asserts that more than four bytes of an empty last chunk have come.
TEST(WebServer, ChunksMayComeByteByByte) {
    const Served served;
    for (const std::string_view body :
         {"0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", "1;e\r\na\r\n00\r\nA: b\r\n\r\n"}) {
        RawClient client(served.port());
        const RawAnswer before = client.ask(get("/"));  // now the server waits for each byte
        EXPECT_EQ(before.status, 200);
        client.send(chunked_head);
        for (const char byte : body) {
            client.send({&byte, 1});
            std::this_thread::yield();
        }
        EXPECT_EQ(client.read_answer().status, 200) << body;
    }
}

TEST(WebServer, AnOldClientIsAnsweredUntilTheConnectionEnds) {
    Shelf shelf;
    const Served served({}, shelf.handler());
    RawClient plain(served.port());
    plain.send("GET /old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    shelf.take()->answer({.status = 200, .body = "whole", .fields = {}});
    const std::string whole = plain.read_all();
    EXPECT_TRUE(whole.contains("Connection: close\r\n"));
    EXPECT_TRUE(whole.ends_with("\r\n\r\nwhole"));

    RawClient streamed(served.port());
    streamed.send("GET /old HTTP/1.0\r\n\r\n");
    const auto exchange = shelf.take();
    exchange->begin({.status = 200, .body = {}, .fields = {}});
    exchange->write("one ");
    exchange->write("two");
    exchange->end();
    const std::string stream = streamed.read_all();
    EXPECT_FALSE(stream.contains("chunked"));
    EXPECT_TRUE(stream.ends_with("\r\n\r\none two"));
}

TEST(WebServer, AHeadIsAnsweredWithoutItsBody) {
    Shelf shelf;
    const Served served({}, shelf.handler());
    RawClient client(served.port());
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
    shelf.take()->answer({.status = 200, .body = "12345", .fields = {}});
    EXPECT_TRUE(client.read_until("\r\n\r\n").contains("Content-Length: 5\r\n"));
    client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n");
    auto streaming = shelf.take();
    streaming->begin({.status = 200, .body = {}, .fields = {}});
    streaming->write("never sent");
    streaming->end();
    EXPECT_TRUE(client.read_until("\r\n\r\n").contains("Transfer-Encoding: chunked\r\n"));
    client.send(get("/next"));
    shelf.take()->answer({.status = 200, .body = "next", .fields = {}});
    EXPECT_EQ(client.read_answer().body, "next");
}

TEST(WebServer, AClientThatAsksFirstIsToldToGoOn) {
    const Served served;
    RawClient client(served.port());
    client.send("POST /big HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(client.ask("abc").body, "POST /big abc");
}

TEST(WebServer, AClientThatAsksFirstIsRefusedBeforeItSendsAnything) {
    const Served served;
    RawClient client(served.port());
    const RawAnswer answer = client.ask(
        "POST /early HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 30000000\r\n\r\n"
    );
    EXPECT_EQ(answer.status, 401);
    EXPECT_TRUE(answer.has("Connection: close"));
    EXPECT_TRUE(served.seen().empty());
}

TEST(WebServer, AnEarlyAnswerToARequestWithoutABodyKeepsTheConnection) {
    const Served served;
    RawClient client(served.port());
    EXPECT_EQ(client.ask(get("/early")).status, 401);
    EXPECT_EQ(client.ask(get("/late")).status, 200);
}

TEST(WebServer, AnEarlyAnswerIsReadByAClientThatSendsItsWholeBodyFirst) {
    const Served served;
    RawClient client(served.port());
    EXPECT_TRUE(client.send(post("/early", std::string(24 * MiB, 'x'))));
    EXPECT_EQ(client.read_answer().status, 401);
}

TEST(WebServer, TheQueryIsApartAndTheWholeAddressIsUnderstood) {
    std::string query;
    const Served served({}, [&](const std::shared_ptr<Exchange>& exchange) {
        query = exchange->request().query;
        Served::say_what_was_asked(exchange);
    });
    RawClient client(served.port());
    EXPECT_EQ(client.ask(get("/p?a=b?c")).body, "GET /p ");
    EXPECT_EQ(query, "a=b?c");
    EXPECT_EQ(client.ask(get("http://somewhere/p?a")).body, "GET /p ");
    EXPECT_EQ(client.ask(get("HTTPS://somewhere")).body, "GET / ");
}

TEST(WebServer, AStreamComesPieceByPieceFromAnotherThread) {
    Shelf shelf;
    const Served served({}, shelf.handler());
    RawClient client(served.port());
    client.send(get("/stream"));
    const auto exchange = shelf.take();
    std::latch read_first(1);
    const std::jthread owner([&] {
        exchange->begin({.status = 200, .body = {}, .content_type = "text/event-stream", .fields = {}});
        exchange->write("first");
        read_first.wait();  // it has arrived although the second is not yet known
        exchange->write("");
        exchange->write("second");
        exchange->end();
        exchange->write("too late");
    });
    EXPECT_TRUE(client.read_until("first\r\n").contains("5\r\nfirst\r\n"));
    read_first.count_down();
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "6\r\nsecond\r\n0\r\n\r\n");
}

TEST(WebServer, OnlyTheFirstAnswerCounts) {
    const Served served({}, [](const std::shared_ptr<Exchange>& exchange) {
        exchange->answer({.status = 200, .body = "first", .fields = {}});
        exchange->answer({.status = 500, .body = "second", .fields = {}});
        exchange->begin({.status = 500, .body = {}, .fields = {}});
        exchange->end();
    });
    RawClient client(served.port());
    EXPECT_EQ(client.ask(get("/")).body, "first");
    EXPECT_EQ(client.ask(get("/")).body, "first");
}

TEST(WebServer, ARequestThatNobodyAnswersIsAnInternalError) {
    const Served served({}, [](const std::shared_ptr<Exchange>&) {});
    RawClient client(served.port());
    EXPECT_EQ(client.ask(get("/")).status, 500);
    EXPECT_EQ(client.ask(get("/")).status, 500);  // it is still good for more
}

TEST(WebServer, AFieldOfAnAnswerCannotBeginAnother) {
    const Served served({}, [](const std::shared_ptr<Exchange>& exchange) {
        exchange->answer({.status = 200, .body = {}, .fields = {{"X-Id", "a\r\nSet-Cookie: evil"}}});
    });
    RawClient client(served.port());
    EXPECT_TRUE(client.ask(get("/")).has("X-Id: aSet-Cookie: evil"));
}

TEST(WebServer, AnAddressThatIsNotOneOrIsTakenIsAUsageError) {
    const Served served;
    const auto start = [](const char* host, std::uint16_t port) {
        WebServerOptions options;
        options.host = host;
        options.port = port;
        return WebServer::start(options, {}).error();
    };
    EXPECT_EQ(start("example.com", 0).code, ErrorCode::usage);
    const Error taken = start("127.0.0.1", served.port());
    EXPECT_EQ(taken.code, ErrorCode::usage);
    EXPECT_TRUE(taken.message.contains("--port")) << taken.message;
}

}  // namespace
}  // namespace vignette
