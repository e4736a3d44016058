#include "wire/dialects/refusals.h"

#include <nlohmann/json.hpp>

#include "core/enum_text.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

std::string_view openai_type(int status) {
    if (status == 401) return "authentication_error";
    if (status == 429) return "rate_limit_error";
    return status < 500 ? "invalid_request_error" : "server_error";
}

std::string_view anthropic_type(int status) {
    switch (status) {
        case 401: return "authentication_error";
        case 403: return "permission_error";
        case 404: return "not_found_error";
        case 413: return "request_too_large";
        case 429: return "rate_limit_error";
        case 503: return "overloaded_error";
        default: return status < 500 ? "invalid_request_error" : "api_error";
    }
}

Json anthropic_refusal(const std::string& message, int status, std::string_view request_id) {
    Json json{{"type", "error"}, {"error", {{"type", anthropic_type(status)}, {"message", message}}}};
    if (!request_id.empty()) json["request_id"] = request_id;
    return json;
}

Json in_words_of(Dialect dialect, const Error& error, int status, std::string_view request_id) {
    const bool named = error.field.empty() || error.message.starts_with(error.field);
    const std::string message = named ? error.message : error.field + ": " + error.message;
    switch (dialect) {
        case Dialect::vignette: break;
        case Dialect::runpod:
        case Dialect::ollama: return {{"error", message}};
        case Dialect::openai:
            return {
                {"error",
                 {{"message", error.message},
                  {"type", openai_type(status)},
                  {"param", error.field.empty() ? Json() : Json(error.field)},
                  {"code", to_text(error.code)}}}
            };
        case Dialect::anthropic: return anthropic_refusal(message, status, request_id);
        case Dialect::photoprism: return {{"code", status}, {"error", message}};
        case Dialect::immich: return {{"detail", message}};
    }
    Json inner{
        {"code", to_text(error.code)}, {"message", error.message}, {"retryable", retryable(error.code)}
    };
    if (!error.field.empty()) inner["field"] = error.field;
    if (!request_id.empty()) inner["request_id"] = request_id;
    return {{"error", std::move(inner)}};
}

}  // namespace

std::string format_refusal(Dialect dialect, const Error& error, int status, std::string_view request_id) {
    const Json json = in_words_of(dialect, error, status, request_id);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace vignette
