#include "trace/span_exporter.h"

#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>

#include "fakes/gate.h"
#include "fakes/http_server.h"

namespace vignette {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::json;

std::vector<Span> spans(std::size_t count) {
    return std::vector<Span>(count, Span{.trace_id = std::string(32, 'a'), .span_id = std::string(16, 'b')});
}

TraceSettings to(const HttpServer& server) {
    TraceSettings settings;
    settings.url = server.url("/v1/traces");
    settings.headers = {"x-scope: one"};
    settings.batch_time = 1h;  // a test says when
    return settings;
}

std::size_t count_in(const HeardRequest& request) {
    return Json::parse(request.body)["resourceSpans"][0]["scopeSpans"][0]["spans"].size();
}

auto soon() { return std::chrono::steady_clock::now() + 20s; }

TEST(SpanExporter, SendsWhatItHasInBatchesWithTheOperatorsHeaders) {
    const HttpServer collector([](const HeardRequest&) { return ServerAnswer{}; });
    SpanExporter exporter(to(collector), "test");
    exporter.add(spans(700));
    exporter.flush(soon());
    ASSERT_EQ(collector.heard().size(), 2U);
    EXPECT_EQ(count_in(collector.heard()[0]), 512U);
    EXPECT_EQ(count_in(collector.heard()[1]), 188U);
    EXPECT_EQ(collector.heard()[0].headers.at("x-scope"), "one");
    EXPECT_EQ(collector.heard()[0].headers.at("content-type"), "application/json");
    EXPECT_EQ(exporter.counts().sent, 700U);
    EXPECT_EQ(exporter.counts().dropped, 0U);
}

TEST(SpanExporter, SendsAfterATimeEvenIfThereAreFew) {
    const HttpServer collector([](const HeardRequest&) { return ServerAnswer{}; });
    TraceSettings settings = to(collector);
    settings.batch_time = 10ms;
    SpanExporter exporter(settings, "test");
    exporter.add(spans(1));
    collector.wait_for(1);
}

TEST(SpanExporter, TriesAgainWhenTheCollectorAsksForIt) {
    std::atomic<int> calls = 0;
    const HttpServer collector([&](const HeardRequest&) {
        if (++calls > 1) return ServerAnswer{};
        return ServerAnswer{.status = 503, .body = {}, .headers = "Retry-After: 1\r\n"};
    });
    TraceSettings settings = to(collector);
    settings.batch_time = 1ms;
    SpanExporter exporter(settings, "test");
    const auto start = std::chrono::steady_clock::now();
    exporter.add(spans(3));
    collector.wait_for(2);
    EXPECT_GE(std::chrono::steady_clock::now() - start, 1s);
    exporter.flush(soon());
    EXPECT_EQ(exporter.counts().sent, 3U);
}

TEST(SpanExporter, WhatIsRefusedForGoodIsDroppedAndCounted) {
    const HttpServer collector([](const HeardRequest&) { return ServerAnswer{.status = 400}; });
    SpanExporter exporter(to(collector), "test");
    exporter.add(spans(3));
    exporter.flush(soon());
    EXPECT_EQ(collector.heard().size(), 1U);
    EXPECT_EQ(exporter.counts().dropped, 3U);
}

TEST(SpanExporter, ASlowCollectorFillsTheQueueAndHoldsNobodyUp) {
    Gate gate;
    gate.shut();
    const HttpServer collector([&](const HeardRequest&) {
        gate.pass();
        return ServerAnswer{};
    });
    TraceSettings settings = to(collector);
    settings.spans_max = 100;
    settings.batch_max = 10;
    SpanExporter exporter(settings, "test");
    for (int i = 0; i < 50; ++i) exporter.add(spans(10));
    EXPECT_EQ(exporter.counts().dropped, 400U);
    gate.open();
    exporter.flush(soon());
    EXPECT_EQ(exporter.counts().sent, 100U);
}

TEST(SpanExporter, ACollectorThatIsGoneDoesNotHoldUpTheEnd) {
    TraceSettings settings;
    {
        const HttpServer gone([](const HeardRequest&) { return ServerAnswer{}; });
        settings = to(gone);
    }
    SpanExporter exporter(settings, "test");
    exporter.add(spans(3));
    exporter.flush(std::chrono::steady_clock::now() + 1h);  // each batch once
    EXPECT_EQ(exporter.counts().dropped, 3U);
}

TEST(SpanExporter, ACollectorThatIsSilentHoldsUpTheEndOnlyAsLongAsAllowed) {
    const HttpServer silent([](const HeardRequest&) {
        return ServerAnswer{.way = ServerAnswer::Way::silence};
    });
    SpanExporter exporter(to(silent), "test");
    exporter.add(spans(3));
    exporter.flush(std::chrono::steady_clock::now() + 50ms);
    EXPECT_EQ(exporter.counts().sent, 0U);
}

}  // namespace
}  // namespace vignette
