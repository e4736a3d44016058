// What TLS adds: the handshake and its time, the certificate, and who is refused.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "core/stop.h"
#include "served.h"
#include "wire.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;

class Tls : public testing::Test {
protected:
    WebServerOptions options() const {
        WebServerOptions options;
        options.tls = certificate.files();
        return options;
    }

    TestCertificate certificate;
};

std::string why_not(const TlsFiles& files) {
    WebServerOptions options;
    options.tls = files;
    const auto started =
        WebServer::start(options, {.on_head = {}, .on_request = {}, .refuse = {}, .extra_fields = {}});
    if (started) return "it started";
    EXPECT_EQ(started.error().code, ErrorCode::usage);
    return started.error().message;
}

TEST_F(Tls, OneConnectionServesOneRequestAfterTheOther) {
    const Served served(options());
    RawClient client(served.port(), Wire::tls);
    std::string all;
    for (int i = 0; i < 50; ++i) all += post("/" + std::to_string(i), "body " + std::to_string(i));
    client.send(all);
    for (int i = 0; i < 50; ++i) {
        const std::string number = std::to_string(i);
        EXPECT_EQ(client.read_answer().body, "POST /" + number + " body " + number);
    }
    const std::string large(3 * MiB, 'x');
    EXPECT_EQ(client.ask(post("/large", large)).body, "POST /large " + large);
}

TEST_F(Tls, WhoSpeaksWithoutItIsToldSo) {
    const Served served(options());
    RawClient client(served.port());
    const RawAnswer answer = client.ask(get("/"));
    EXPECT_EQ(answer.status, 400);
    EXPECT_TRUE(answer.body.contains("https://")) << answer.body;
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_F(Tls, WhatIsNoHandshakeEndsTheConnection) {
    const Served served(options());
    RawClient client(served.port());
    client.send(std::string("\x16\x03\x01\x02\x00", 5) + std::string(600, 'x'));
    client.read_all();
    EXPECT_TRUE(client.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_F(Tls, AHandshakeThatDoesNotEndInTimeEndsTheConnection) {
    WebServerOptions quick = options();
    quick.header_time = 50ms;
    const Served served(quick);
    RawClient silent(served.port());
    EXPECT_TRUE(silent.closed_by_server());
    RawClient slow(served.port());
    slow.send(std::string_view("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc", 9));
    // Too slowly to ever come to the message's end, where it would be known for none.
    while (slow.send("x")) wait_for(1ms, {});
    EXPECT_TRUE(slow.closed_by_server());
    EXPECT_TRUE(served.seen().empty());
}

TEST_F(Tls, HandshakesThatWaitHoldNobodyUp) {
    const Served served(options());
    std::vector<std::unique_ptr<RawClient>> silent;
    for (int i = 0; i < 64; ++i) silent.push_back(std::make_unique<RawClient>(served.port()));
    RawClient client(served.port(), Wire::tls);
    EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST_F(Tls, DrainingEndsAHandshakeThatWaits) {
    Served served(options());
    RawClient silent(served.port());
    RawClient client(served.port(), Wire::tls);
    EXPECT_EQ(client.ask(get("/")).status, 200);  // the silent one has been accepted before
    EXPECT_TRUE(served.server().drain(std::chrono::steady_clock::now() + 20s));
}

TEST_F(Tls, ANewCertificateIsTakenUpWithoutCuttingAnybodyOff) {
    WebServerOptions watchful = options();
    watchful.tls_look_time = 5ms;
    const Served served(watchful);
    RawClient before(served.port(), Wire::tls);
    EXPECT_EQ(before.peer_name(), "test");

    std::filesystem::resize_file(certificate.files().certificate, 20);
    RawClient broken(served.port(), Wire::tls);
    EXPECT_EQ(broken.peer_name(), "test");

    certificate.renew("renewed");
    std::string name;
    while (name != "renewed") name = RawClient(served.port(), Wire::tls).peer_name();  // or the test hangs
    EXPECT_EQ(before.ask(get("/still")).body, "GET /still ");
}

TEST_F(Tls, FilesThatCannotBeUsedAreNamedWithWhatToDo) {
    const TlsFiles good = certificate.files();
    const TestCertificate other;
    const auto says = [](const TlsFiles& files, const std::string& file, const std::string& what) {
        const std::string message = why_not(files);
        EXPECT_TRUE(message.contains(file) && message.contains(what)) << message;
    };
    says({"/nowhere", good.key}, "/nowhere", "check the path");
    says({good.certificate, "/nowhere"}, "/nowhere", "check the path");
    says({good.key, good.key}, good.key, "no certificate");
    says({good.certificate, good.certificate}, good.certificate, "no private key");
    says({good.certificate, other.files().key}, other.files().key, "does not belong");
    const TestCertificate expired("old", {.from_s = -7'200, .to_s = -3'600});
    says(expired.files(), expired.files().certificate, "renew it");
    const TestCertificate early("new", {.from_s = 3'600, .to_s = 7'200});
    says(early.files(), early.files().certificate, "clock");
}

}  // namespace
}  // namespace vignette
