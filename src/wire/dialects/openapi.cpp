#include "wire/dialects/openapi.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/ascii.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

Json content_of(std::string_view what) {
    const bool is_media_type = what.find('/') != std::string_view::npos;
    const std::string_view kind = what.starts_with("multipart/") ? "object" : "string";
    if (is_media_type) return Json{{what, {{"schema", {{"type", kind}}}}}};
    return Json{{"application/json", {{"schema", {{"$ref", "#/components/schemas/" + std::string(what)}}}}}};
}

std::string_view error_schema(Dialect dialect) {
    switch (dialect) {
        case Dialect::vignette: return "Error";
        case Dialect::runpod:
        case Dialect::ollama: return "ErrorText";
        case Dialect::openai: return "OpenaiError";
        case Dialect::anthropic: return "AnthropicError";
        case Dialect::photoprism: return "PhotoprismError";
        case Dialect::immich: return "ErrorDetail";
    }
    return "Error";
}

std::string_view title(Dialect dialect) {
    switch (dialect) {
        case Dialect::vignette: return "Vignette";
        case Dialect::runpod: return "RunPod";
        case Dialect::ollama: return "Ollama";
        case Dialect::openai: return "OpenAI";
        case Dialect::anthropic: return "Anthropic";
        case Dialect::photoprism: return "PhotoPrism";
        case Dialect::immich: return "Immich";
    }
    return "";
}

Json path_parameters(std::string_view path) {
    Json parameters = Json::array();
    for (std::size_t open = path.find('{'); open != path.npos; open = path.find('{', open + 1)) {
        const std::size_t close = path.find('}', open);
        parameters.push_back(Json{
            {"name", path.substr(open + 1, close - open - 1)},
            {"in", "path"},
            {"required", true},
            {"schema", {{"type", "string"}, {"minLength", 1}}},
        });
    }
    return parameters;
}

// An error may come from every route: a body too large, a key that is missing, a server that shuts down.
Json responses_of(const RouteFacts& route) {
    const auto error = [&](std::string_view description) -> Json {
        return {{"description", description}, {"content", content_of(error_schema(route.dialect))}};
    };
    constexpr std::string_view otherwise = "It did not work; the message says why and what to do";
    Json responses{{"200", {{"description", "It worked"}}}};
    if (!route.answer.empty()) responses["200"]["content"] = content_of(route.answer);
    for (std::string_view rest = route.pieces; !rest.empty();) {
        const std::string_view type = rest.substr(0, rest.find(' '));
        responses["200"]["content"][type] = {{"schema", Json::object()}};  // of a piece; they differ
        rest.remove_prefix(std::min(type.size() + 1, rest.size()));
    }
    if (route.path == "/ping") responses["204"] = {{"description", "The model is loading"}};
    if (route.needs_key) responses["401"] = error("A key is missing, or the server does not know it");
    if (route.needs_admin) responses["403"] = error("The key is a client key; this needs an admin key");
    if (route.needs_key && !route.needs_admin) {
        responses["429"] = error("Too many requests with this key, or too many jobs wait");
        responses["429"]["headers"]["Retry-After"] = {
            {"description", "Seconds"}, {"schema", {{"type", "integer"}, {"minimum", 1}}}
        };
    }
    responses["4XX"] = error(otherwise);
    responses["5XX"] = error(otherwise);
    return responses;
}

Json operation_of(const RouteFacts& route) {
    Json operation{{"summary", route.summary}, {"tags", {title(route.dialect)}}};
    if (Json parameters = path_parameters(route.path); !parameters.empty())
        operation["parameters"] = std::move(parameters);
    if (!route.request.empty())
        operation["requestBody"] = {{"required", true}, {"content", content_of(route.request)}};
    operation["responses"] = responses_of(route);
    operation["security"] = route.needs_key ? Json{{{"key", Json::array()}}} : Json::array();
    return operation;
}

}  // namespace

std::string format_openapi(std::span<const RouteFacts> routes, std::string_view schemas) {
    Json paths = Json::object();
    for (const RouteFacts& route : routes)
        paths[std::string(route.path)][ascii_lower(route.method)] = operation_of(route);
    const Json document{
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "Vignette"},
          {"version", VIGNETTE_VERSION},
          {"summary", "Describes pictures, in the language its clients speak"}}},
        {"paths", std::move(paths)},
        {"components",
         {{"schemas", Json::parse(schemas)},
          {"securitySchemes", {{"key", {{"type", "http"}, {"scheme", "bearer"}}}}}}},
    };
    return document.dump(2);
}

}  // namespace vignette
