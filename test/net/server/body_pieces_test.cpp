// Requests that are answered while their bodies are still coming.
#include <gtest/gtest.h>

#include <array>
#include <charconv>
#include <string>
#include <thread>

#include "served.h"
#include "wire.h"

namespace vignette {
namespace {

class BodyPieces : public OnBothWires {};
INSTANTIATE_TEST_SUITE_P(Wires, BodyPieces, testing::Values(Wire::plain, Wire::tls), name_of_wire);

std::string chunk(std::string_view text) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), text.size(), 16).ptr;
    return std::string(size.data(), end) + "\r\n" + std::string(text) + "\r\n";
}

std::string chunked(const std::string& path) {
    return "POST " + path + " HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
}

TEST_P(BodyPieces, TheAnswerBeginsBeforeTheBodyEnds) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    for (int round = 0; round < 2; ++round) {
        client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nabc");
        EXPECT_TRUE(client.read_until("\r\n3\r\nabc\r\n").contains("HTTP/1.1 200 OK"));
        client.send("def" + get("/next"));
        EXPECT_EQ(client.read_until("0\r\n\r\n"), "3\r\ndef\r\n0\r\n\r\n");
        EXPECT_EQ(client.read_answer().body, "GET /next ");
    }
}

TEST_P(BodyPieces, ChunksComeByteByByte) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    const std::string body = chunk("abc") + "1;e=\"f\"\r\nd\r\n0\r\nTrailer: t\r\n\r\n";
    client.send(chunked("/echo"));
    for (const char byte : body) {
        client.send({&byte, 1});
        std::this_thread::yield();
    }
    EXPECT_EQ(client.read_answer().body, "abcd");
    EXPECT_EQ(client.ask(get("/after")).body, "GET /after ");
}

TEST_P(BodyPieces, AnEmptyBodyIsNoPiece) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    EXPECT_EQ(client.ask(post("/echo", "")).status, 200);
    EXPECT_EQ(client.ask(chunked("/echo") + "0\r\n\r\n").status, 200);
    EXPECT_EQ(client.ask(get("/after")).body, "GET /after ");
}

TEST_P(BodyPieces, WhatFollowsAnAnswerThatEndedEarlyIsNoRequest) {
    const Served served(on_wire());
    RawClient client(served.port(), GetParam());
    client.send(chunked("/echo") + chunk("enough"));
    EXPECT_EQ(client.read_answer().body, "enough");
    client.send(get("/smuggled"));
    EXPECT_EQ(client.read_all(), "");
    EXPECT_TRUE(served.seen().empty());
}

TEST_P(BodyPieces, ABodyThatIsTooLargeIsCutOff) {
    WebServerOptions options = on_wire();
    options.body_bytes_max = 1000;
    const Served served(options);
    RawClient client(served.port(), GetParam());
    EXPECT_EQ(client.ask(post("/echo", std::string(2000, 'x'))).status, 413) << "before a piece of it";
    RawClient late(served.port(), GetParam());
    late.send(chunked("/echo") + chunk("abc"));
    EXPECT_TRUE(late.read_until("3\r\nabc\r\n").contains("200 OK"));
    late.send(chunk(std::string(2000, 'x')));
    EXPECT_FALSE(late.read_all().ends_with("\r\n0\r\n\r\n")) << "the answer has no end";
}

TEST_P(BodyPieces, AClientThatLeavesIsNoticed) {
    const Served served(on_wire());
    for (int i = 0; i < 20; ++i) {
        RawClient client(served.port(), GetParam());
        client.send(chunked("/echo") + chunk("abc"));
        if (i % 2 == 0) client.read_until("3\r\nabc\r\n");
        client.leave();
    }
    RawClient other(served.port(), GetParam());
    EXPECT_EQ(other.ask(get("/after")).body, "GET /after ");
}

TEST_P(BodyPieces, ASlowBodyHasAnEnd) {
    WebServerOptions options = on_wire();
    options.body_time = std::chrono::milliseconds(100);
    const Served served(options);
    RawClient client(served.port(), GetParam());
    client.send(chunked("/echo") + chunk("abc"));
    EXPECT_FALSE(client.read_all().ends_with("\r\n0\r\n\r\n"));
}

}  // namespace
}  // namespace vignette
