#include "trace/trace_settings.h"

#include <gtest/gtest.h>

#include <map>

namespace vignette {
namespace {

using Environment = std::map<std::string, std::string>;

Result<std::optional<TraceSettings>> read(Environment environment) {
    return read_trace_settings([environment](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    });
}

TraceSettings settings(Environment environment) {
    environment.try_emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");
    return read(std::move(environment)).value().value();
}

TEST(TraceSettings, AreOffUnlessAnEndpointIsSet) {
    EXPECT_FALSE(read({}).value());
    EXPECT_FALSE(read({{"OTEL_SERVICE_NAME", "a"}, {"OTEL_TRACES_SAMPLER", "always_on"}}).value());
    const std::pair<std::string, std::string> endpoint{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"};
    EXPECT_TRUE(read({endpoint}).value());
    EXPECT_FALSE(read({endpoint, {"OTEL_SDK_DISABLED", "true"}}).value());
    EXPECT_FALSE(read({endpoint, {"OTEL_TRACES_EXPORTER", "none"}}).value());
}

TEST(TraceSettings, OnlyTheGeneralEndpointGetsAPath) {
    EXPECT_EQ(settings({}).url, "http://c:4318/v1/traces");
    EXPECT_EQ(settings({{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://c/x/"}}).url, "https://c/x/v1/traces");
    EXPECT_EQ(settings({{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t/as/is"}}).url, "http://t/as/is");
}

TEST(TraceSettings, HeadersAndAttributesAreListsWithPercentEncoding) {
    const TraceSettings read = settings(
        {{"OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20abc%3D, x-scope = one"},
         {"OTEL_RESOURCE_ATTRIBUTES", "service.name=listed,deployment.environment=a%2Cb"}}
    );
    EXPECT_EQ(read.headers, (std::vector<std::string>{"Authorization: Basic abc=", "x-scope: one"}));
    EXPECT_EQ(read.resource[0], (std::pair<std::string, std::string>{"service.name", "listed"}));
    EXPECT_EQ(read.resource[1].second, "a,b");
    const TraceSettings named =
        settings({{"OTEL_RESOURCE_ATTRIBUTES", "service.name=listed"}, {"OTEL_SERVICE_NAME", "own"}});
    EXPECT_EQ(named.resource[0], (std::pair<std::string, std::string>{"service.name", "own"}));
    EXPECT_EQ(settings({}).resource[0].second, "vignette");
}

TEST(TraceSettings, SamplersHaveTheirStandardNames) {
    const auto sampler = [](const char* name, const char* argument = "") {
        return settings({{"OTEL_TRACES_SAMPLER", name}, {"OTEL_TRACES_SAMPLER_ARG", argument}}).sampler;
    };
    EXPECT_EQ(settings({}).sampler, (Sampler{1, true}));
    EXPECT_EQ(sampler("always_on"), (Sampler{1, false}));
    EXPECT_EQ(sampler("always_off"), (Sampler{0, false}));
    EXPECT_EQ(sampler("traceidratio", "0.25"), (Sampler{0.25, false}));
    EXPECT_EQ(sampler("parentbased_traceidratio", "0.5"), (Sampler{0.5, true}));
    EXPECT_EQ(sampler("parentbased_always_off"), (Sampler{0, true}));
}

TEST(TraceSettings, WhatMakesNoSenseIsNamed) {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317"},
        {"OTEL_TRACES_SAMPLER", "sometimes"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "key"},
        {"OTEL_EXPORTER_OTLP_HEADERS", "key=a%0d%0aHost:b"},
        {"OTEL_RESOURCE_ATTRIBUTES", "=x"},
        {"OTEL_RESOURCE_ATTRIBUTES", "a=%zz"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT", "10s"},
    };
    for (const auto& [name, value] : wrong) {
        Environment environment{{name, value}};
        environment.try_emplace("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c");
        const auto outcome = read(environment);
        ASSERT_FALSE(outcome) << name << "=" << value;
        EXPECT_TRUE(outcome.error().message.starts_with(name)) << outcome.error().message;
    }
    for (const char* ratio : {"-0.1", "1.1", "nan", "half", "0.5x"}) {
        const auto outcome = read(
            {{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"},
             {"OTEL_TRACES_SAMPLER", "traceidratio"},
             {"OTEL_TRACES_SAMPLER_ARG", ratio}}
        );
        EXPECT_FALSE(outcome) << ratio;
    }
}

}  // namespace
}  // namespace vignette
