#include "trace/trace_settings.h"

#include <algorithm>
#include <charconv>

#include "core/ascii.h"
#include "core/percent.h"

namespace vignette {
namespace {

std::unexpected<Error> wrong(const char* name, const std::string& what) {
    return fail(ErrorCode::usage, std::string(name) + " " + what);
}

// The first of two variables that is set: what is for traces alone goes before what is for all signals.
struct Named {
    const char* name;
    std::string value;
};
Named first_of(const Variables& variable, const char* name, const char* otherwise) {
    if (std::string value = variable(name); !value.empty()) return {name, std::move(value)};
    return {otherwise, variable(otherwise)};
}

// key=value,key=value with percent encoding in the values.
Result<ResourceAttributes> read_pairs(const Named& list) {
    ResourceAttributes pairs;
    std::string_view rest = list.value;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view pair = trim(rest.substr(0, comma));
        rest.remove_prefix(std::min(comma + 1, rest.size()));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        const std::string key(trim(pair.substr(0, std::min(equals, pair.size()))));
        if (equals == std::string_view::npos || key.empty())
            return wrong(list.name, "must be a list of key=value with commas between");
        const std::optional<std::string> value = percent_decode(trim(pair.substr(equals + 1)));
        if (!value) return wrong(list.name, "has a percent sign that begins no two hexadecimal digits");
        pairs.emplace_back(key, *value);
    }
    return pairs;
}

Result<std::string> read_url(const Variables& variable) {
    const Named given =
        first_of(variable, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");
    std::string url = given.value;
    if (url.empty()) return url;
    if (!url.starts_with("http://") && !url.starts_with("https://"))
        return wrong(given.name, "must begin with http:// or https://, as http://127.0.0.1:4318 does");
    const bool is_base = std::string_view(given.name) == "OTEL_EXPORTER_OTLP_ENDPOINT";
    if (is_base) url += url.ends_with('/') ? "v1/traces" : "/v1/traces";
    return url;
}

Result<Sampler> read_sampler(const Variables& variable) {
    std::string name = variable("OTEL_TRACES_SAMPLER");
    if (name.empty()) return Sampler{};
    Sampler sampler;
    constexpr std::string_view by_parent = "parentbased_";
    sampler.asks_parent = name.starts_with(by_parent);
    if (sampler.asks_parent) name.erase(0, by_parent.size());
    if (name == "always_on") return sampler;
    if (name == "always_off") {
        sampler.ratio = 0;
        return sampler;
    }
    if (name != "traceidratio") {
        return wrong(
            "OTEL_TRACES_SAMPLER",
            "must be always_on, always_off or traceidratio, each perhaps behind parentbased_"
        );
    }
    const std::string ratio = variable("OTEL_TRACES_SAMPLER_ARG");
    if (ratio.empty()) return sampler;
    const auto read = std::from_chars(ratio.data(), ratio.data() + ratio.size(), sampler.ratio);
    const bool whole = read.ec == std::errc{} && read.ptr == ratio.data() + ratio.size();
    if (!whole || !(sampler.ratio >= 0 && sampler.ratio <= 1))
        return wrong("OTEL_TRACES_SAMPLER_ARG", "must be a number between 0 and 1");
    return sampler;
}

Result<std::chrono::milliseconds> read_ms(const Named& given, std::chrono::milliseconds otherwise) {
    constexpr int longest = 600'000;
    if (given.value.empty()) return otherwise;
    int ms = 0;
    const char* const end = given.value.data() + given.value.size();
    const auto read = std::from_chars(given.value.data(), end, ms);
    if (read.ec != std::errc{} || read.ptr != end || ms < 1 || ms > longest)
        return wrong(given.name, "must be milliseconds between 1 and 600000");
    return std::chrono::milliseconds(ms);
}

// A name of its own goes before the one in the list.
Result<ResourceAttributes> read_resource(const Variables& variable) {
    constexpr const char* list = "OTEL_RESOURCE_ATTRIBUTES";
    ResourceAttributes resource = TRY(read_pairs({list, variable(list)}));
    const auto is_name = [](const auto& one) { return one.first == "service.name"; };
    if (const std::string name = variable("OTEL_SERVICE_NAME"); !name.empty()) {
        std::erase_if(resource, is_name);
        resource.emplace_back("service.name", name);
    } else if (std::ranges::none_of(resource, is_name)) {
        resource.emplace_back("service.name", "vignette");
    }
    const auto is_version = [](const auto& one) { return one.first == "service.version"; };
    if (std::ranges::none_of(resource, is_version))
        resource.emplace_back("service.version", VIGNETTE_VERSION);
    return resource;
}

}  // namespace

Result<std::optional<TraceSettings>> read_trace_settings(const Variables& variable) {
    if (ascii_lower(variable("OTEL_SDK_DISABLED")) == "true" || variable("OTEL_TRACES_EXPORTER") == "none")
        return std::nullopt;
    TraceSettings settings;
    settings.url = TRY(read_url(variable));
    if (settings.url.empty()) return std::nullopt;
    settings.sampler = TRY(read_sampler(variable));
    const Named timeout =
        first_of(variable, "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT");
    settings.timeout = TRY(read_ms(timeout, settings.timeout));
    constexpr const char* delay = "OTEL_BSP_SCHEDULE_DELAY";
    settings.batch_time = TRY(read_ms({delay, variable(delay)}, settings.batch_time));
    settings.resource = TRY(read_resource(variable));
    const Named headers =
        first_of(variable, "OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS");
    for (const auto& [key, value] : TRY(read_pairs(headers))) {
        const std::string header = std::string(key).append(": ").append(value);
        if (header.find_first_of("\r\n") != std::string::npos)
            return wrong(headers.name, "holds a line break");
        settings.headers.push_back(header);
    }
    return settings;
}

}  // namespace vignette
