#include "wire/otlp.h"

#include <nlohmann/json.hpp>
#include <type_traits>

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

// 64-bit numbers are texts, as in all JSON of Protocol Buffers.
Json otlp_value(const auto& value) {
    using Held = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Held, std::string>) {
        return {{"stringValue", value}};
    } else if constexpr (std::is_same_v<Held, std::int64_t>) {
        return {{"intValue", std::to_string(value)}};
    } else if constexpr (std::is_same_v<Held, double>) {
        return {{"doubleValue", value}};
    } else if constexpr (std::is_same_v<Held, bool>) {
        return {{"boolValue", value}};
    } else {
        Json values = Json::array();
        for (const std::string& one : value) values.push_back(otlp_value(one));
        return {{"arrayValue", {{"values", std::move(values)}}}};
    }
}

Json otlp_attribute(const std::string& key, Json value) {
    return {{"key", key}, {"value", std::move(value)}};
}

std::string otlp_time(Span::Time time) {
    using std::chrono::nanoseconds;
    return std::to_string(std::chrono::duration_cast<nanoseconds>(time.time_since_epoch()).count());
}

Json otlp_span(const Span& span) {
    Json json{{"traceId", span.trace_id}, {"spanId", span.span_id}};
    if (!span.parent_id.empty()) json["parentSpanId"] = span.parent_id;
    if (!span.state.empty()) json["traceState"] = span.state;
    json["flags"] = 1;  // sampled
    json["name"] = span.name;
    json["kind"] = static_cast<int>(span.kind);
    json["startTimeUnixNano"] = otlp_time(span.begin);
    json["endTimeUnixNano"] = otlp_time(span.end);
    Json attributes = Json::array();
    for (const SpanAttribute& one : span.attributes) {
        Json value = std::visit([](const auto& held) { return otlp_value(held); }, one.value);
        attributes.push_back(otlp_attribute(one.key, std::move(value)));
    }
    json["attributes"] = std::move(attributes);
    constexpr int status_error = 2;
    if (span.failed) json["status"] = {{"code", status_error}};
    return json;
}

}  // namespace

std::string format_spans(const ResourceAttributes& resource, const std::vector<Span>& spans) {
    Json about = Json::array();
    for (const auto& [key, value] : resource) about.push_back(otlp_attribute(key, otlp_value(value)));
    Json list = Json::array();
    for (const Span& span : spans) list.push_back(otlp_span(span));
    Json scope{{"scope", {{"name", "vignette"}, {"version", VIGNETTE_VERSION}}}, {"spans", std::move(list)}};
    Json whole{{"resource", {{"attributes", std::move(about)}}}};
    whole["scopeSpans"] = Json::array({std::move(scope)});
    const Json body{{"resourceSpans", Json::array({std::move(whole)})}};
    return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vignette
