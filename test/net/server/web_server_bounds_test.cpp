// What a client may not do: send too much, too slowly, or not read; and what happens when it leaves.
#include <gtest/gtest.h>

#include <condition_variable>
#include <stop_token>
#include <thread>

#include "core/stop.h"
#include "served.h"
#include "wire.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

class WebServerBounds : public OnBothWires {};
INSTANTIATE_TEST_SUITE_P(Wires, WebServerBounds, testing::Values(Wire::plain, Wire::tls), name_of_wire);

TEST_P(WebServerBounds, AHeaderThatIsTooLargeIsRefusedReadably) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    client.send(get("/", "X-Large: " + std::string(64 * KiB, 'x') + "\r\n"));
    EXPECT_EQ(client.read_answer().status, 431);
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_P(WebServerBounds, ABodyThatIsTooLargeIsRefusedReadably) {
    WebServerOptions options = on_wire();
    options.body_bytes_max = 1 * MiB;
    const Served served(options);
    RawClient announced(served.port(), GetParam());
    EXPECT_TRUE(announced.send(post("/", std::string(40 * MiB, 'x'))));  // the client sends it all first
    EXPECT_EQ(announced.read_answer().status, 413);

    RawClient chunked(served.port(), GetParam());
    chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    const std::string chunk = "10000\r\n" + std::string(64 * KiB, 'x') + "\r\n";
    for (int i = 0; i < 40; ++i) chunked.send(chunk);
    EXPECT_EQ(chunked.read_answer().status, 413);

    RawClient exact(served.port(), GetParam());
    EXPECT_EQ(exact.ask(post("/", std::string(1 * MiB, 'x'))).status, 200);
    EXPECT_EQ(served.seen().size(), 1U);
}

TEST_P(WebServerBounds, AllBodiesTogetherHaveABound) {
    WebServerOptions options = on_wire();
    options.bodies_bytes_max = 1 * MiB;
    const Served served(options);
    RawClient first(served.port(), GetParam());
    const std::string head =
        "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1000000\r\n\r\n";
    first.send(head);
    EXPECT_TRUE(first.read_until("\r\n\r\n").contains("100 Continue"));  // it has its room
    RawClient second(served.port(), GetParam());
    EXPECT_EQ(second.ask(head).status, 503);
    RawClient third(served.port(), GetParam());
    EXPECT_EQ(third.ask(post("/", "small")).status, 200);
    EXPECT_EQ(first.ask(std::string(1'000'000, 'x')).status, 200);
    EXPECT_EQ(third.ask(post("/", std::string(1'000'000, 'x'))).status, 200);
}

TEST_P(WebServerBounds, TheLineBeforeAChunkHasAnEnd) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;");
    client.send(std::string(4 * MiB, 'x'));
    EXPECT_EQ(client.read_answer().status, 400);
    EXPECT_TRUE(served.seen().empty());
}

TEST_P(WebServerBounds, AHeaderThatDoesNotEndInTimeEndsTheConnection) {
    WebServerOptions options = on_wire();
    options.header_time = 50ms;
    options.header_bytes_max = 64 * MiB;  // more than anybody sends in that time
    const Served served(options);
    RawClient client(served.port(), GetParam());
    client.send("GET / HTTP/1.1\r\nX-Slow: ");
    while (client.send("x")) std::this_thread::yield();  // however busily it goes on
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_P(WebServerBounds, ABodyThatDoesNotEndInTimeEndsTheConnection) {
    WebServerOptions options = on_wire();
    options.body_time = 50ms;
    const Served served(options);
    RawClient client(served.port(), GetParam());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000000\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 413);
    RawClient slow(served.port(), GetParam());
    slow.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 30000000\r\n\r\n");
    while (slow.send("x")) std::this_thread::yield();
    EXPECT_TRUE(slow.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_P(WebServerBounds, AConnectionThatIsSilentEnds) {
    WebServerOptions options = on_wire();
    options.idle_time = 20ms;
    const Served served(options);
    RawClient silent(served.port(), GetParam());
    EXPECT_TRUE(silent.closed_by_server());
    RawClient once(served.port(), GetParam());
    EXPECT_EQ(once.ask(get("/")).status, 200);
    EXPECT_TRUE(once.closed_by_server());
}

TEST_P(WebServerBounds, AsManyConnectionsAsAllowedAreOpen) {
    WebServerOptions options = on_wire();
    options.connections_max = 2;
    const Served served(options);
    RawClient first(served.port(), GetParam());
    RawClient second(served.port(), GetParam());
    EXPECT_EQ(first.ask(get("/")).status, 200);
    EXPECT_EQ(second.ask(get("/")).status, 200);
    RawClient third(served.port(), GetParam());
    EXPECT_TRUE(third.closed_by_server());
    EXPECT_EQ(first.ask(get("/")).status, 200);
}

TEST_P(WebServerBounds, AClientThatLeavesStopsItsExchange) {
    Shelf shelf;
    const Served served(on_wire(), shelf.handler());
    RawClient client(served.port(), GetParam());
    client.send(get("/"));
    const auto exchange = shelf.take();
    EXPECT_FALSE(exchange->gone().stop_requested());
    client.leave();
    wait_for_stop(exchange->gone());  // or the test hangs
    exchange->answer({.status = 200, .body = "to nobody", .fields = {}});
}

TEST_P(WebServerBounds, AClientThatLeavesBehindANextRequestIsNoticed) {
    Shelf shelf;
    const Served served(on_wire(), shelf.handler());
    RawClient client(served.port(), GetParam());
    client.send(get("/") + get("/next"));
    const auto exchange = shelf.take();
    client.leave();
    wait_for_stop(exchange->gone());
}

TEST_P(WebServerBounds, AClientThatLeavesAStreamStopsIt) {
    Shelf shelf;
    const Served served(on_wire(), shelf.handler());
    RawClient client(served.port(), GetParam());
    client.send(get("/"));
    const auto exchange = shelf.take();
    exchange->begin({.status = 200, .body = {}, .fields = {}});
    exchange->write("piece");
    EXPECT_TRUE(client.read_until("piece").contains("piece"));
    client.leave();
    wait_for_stop(exchange->gone());
}

// Far more than the sockets hold, and long before the time for a write is over.
TEST_P(WebServerBounds, AClientThatDoesNotReadItsStreamIsCut) {
    WebServerOptions options = on_wire();
    options.unsent_bytes_max = 1 * MiB;
    options.write_time = 1h;
    Shelf shelf;
    const Served served(options, shelf.handler());
    RawClient client(served.port(), GetParam(), 4096);
    client.send(get("/"));
    const auto exchange = shelf.take();
    exchange->begin({.status = 200, .body = {}, .fields = {}});
    const std::string piece(256 * KiB, 'x');
    while (!exchange->gone().stop_requested()) exchange->write(piece);
    EXPECT_LT(client.read_all().size(), 64 * MiB);
}

TEST_P(WebServerBounds, AClientThatReadsGetsMoreThanMayBeUnsent) {
    WebServerOptions options = on_wire();
    options.unsent_bytes_max = 1 * MiB;
    Shelf shelf;
    const Served served(options, shelf.handler());
    RawClient client(served.port(), GetParam());
    client.send(get("/"));
    const auto exchange = shelf.take();
    exchange->begin({.status = 200, .body = {}, .fields = {}});
    for (int i = 0; i < 64; ++i) {
        exchange->write(std::string(64 * KiB, 'x') + "end");
        EXPECT_FALSE(client.read_until("end").empty());
    }
    exchange->end();
    EXPECT_EQ(client.read_until("0\r\n\r\n"), "\r\n0\r\n\r\n");
}

TEST_P(WebServerBounds, AnAnswerThatNobodyReadsEndsWithTheTimeForAWrite) {
    WebServerOptions options = on_wire();
    options.write_time = 50ms;
    Shelf shelf;
    const Served served(options, shelf.handler());
    RawClient client(served.port(), GetParam(), 4096);
    client.send(get("/"));
    const auto exchange = shelf.take();
    exchange->answer({.status = 200, .body = std::string(64 * MiB, 'x'), .fields = {}});
    wait_for_stop(exchange->gone());
}

TEST_P(WebServerBounds, AServerMayEndWhileExchangesAreOpen) {
    Shelf shelf;
    Served served(on_wire(), shelf.handler());
    RawClient waiting(served.port(), GetParam());
    RawClient streaming(served.port(), GetParam());
    RawClient idle(served.port(), GetParam());
    waiting.send(get("/"));
    const auto first = shelf.take();
    streaming.send(get("/"));
    const auto second = shelf.take();
    second->begin({.status = 200, .body = {}, .fields = {}});
    std::jthread busy([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) second->write("piece");
    });
    served.destroy();
    EXPECT_TRUE(first->gone().stop_requested());
    EXPECT_TRUE(second->gone().stop_requested());
    first->answer({.status = 200, .body = "too late", .fields = {}});
    EXPECT_TRUE(waiting.closed_by_server());
    EXPECT_TRUE(idle.closed_by_server());
}

TEST_P(WebServerBounds, DrainingAnswersWhatRunsAndClosesWhatIsIdle) {
    Shelf shelf;
    Served served(on_wire(), shelf.handler());
    RawClient idle(served.port(), GetParam());
    idle.send(get("/"));
    shelf.take()->answer({.status = 200, .body = {}, .fields = {}});
    EXPECT_EQ(idle.read_answer().status, 200);
    RawClient running(served.port(), GetParam());
    running.send(get("/"));
    const auto exchange = shelf.take();

    EXPECT_FALSE(served.server().drain(std::chrono::steady_clock::now()));
    EXPECT_TRUE(idle.closed_by_server());
    exchange->answer({.status = 200, .body = "the last", .fields = {}});
    const RawAnswer answer = running.read_answer();
    EXPECT_EQ(answer.body, "the last");
    EXPECT_TRUE(answer.has("Connection: close"));
    running.leave();
    EXPECT_TRUE(served.server().drain(std::chrono::steady_clock::now() + 20s));
    EXPECT_FALSE(RawClient(served.port(), GetParam()).connected());
}

}  // namespace
}  // namespace vignette
