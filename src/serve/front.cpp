#include "serve/front.h"

#include <utility>

#include "core/ascii.h"
#include "core/log.h"
#include "serve/routes/routes.h"
#include "serve/watched_exchange.h"

namespace vignette {
namespace {

// Of a path that no route has: in the words of whoever is likely to have asked.
Dialect dialect_of(std::string_view path) {
    if (path.starts_with("/v2/")) return Dialect::runpod;
    if (path.starts_with("/v1/messages")) return Dialect::anthropic;
    if (path.starts_with("/v1/") || path.starts_with("/openai/")) return Dialect::openai;
    if (path.starts_with("/api/v1/vision")) return Dialect::photoprism;
    if (path.starts_with("/predict")) return Dialect::immich;
    if (path.starts_with("/api/")) return Dialect::ollama;
    return Dialect::vignette;
}

ServedResponse not_here(const ServedRequest& request, const Match& match) {
    const Dialect dialect = dialect_of(request.path);
    if (!match.other_method) {
        return refusal(
            dialect,
            {.code = ErrorCode::not_found,
             .message = "nothing is served at this path; GET /openapi.json lists all",
             .field = {}},
            404, request.id
        );
    }
    ServedResponse response = refusal(
        dialect,
        {.code = ErrorCode::invalid_input,
         .message = request.method + " is not for this path; see Allow",
         .field = {}},
        405, request.id
    );
    std::string allowed;
    for (const std::string_view method : {"GET", "POST", "DELETE"})
        if (find_route(method, request.path).route != nullptr)
            allowed.append(allowed.empty() ? "" : ", ").append(method);
    response.fields.push_back({"Allow", std::move(allowed)});
    return response;
}

std::optional<ServedResponse> refused_early(const ServedRequest& head, const ApiKeys& keys) {
    const Match match = find_route(head.method, head.path);
    if (match.route == nullptr) return not_here(head, match);
    if (match.route->access == Access::open || keys.admit(head)) return std::nullopt;
    ServedResponse response = refusal(
        match.route->dialect,
        {.code = ErrorCode::refused,
         .message = "this needs a key that the server knows; send Authorization: Bearer KEY",
         .field = {}},
        401, head.id
    );
    response.fields.push_back({"WWW-Authenticate", "Bearer"});
    return response;
}

std::optional<ServedResponse> look_at(const ServedRequest& head, const ApiKeys& keys) {
    std::optional<ServedResponse> early = refused_early(head, keys);
    if (early) {
        name_for_client(*early, dialect_of(head.path), head.id);
        log_debug("request_refused status=" + std::to_string(early->status), LogSubject{{}, head.id});
    }
    return early;
}

std::string all_fields(const ServedRequest& request, std::string_view name) {
    std::string joined;
    for (const HttpField& field : request.fields)
        if (ascii_lower(field.name) == name) joined.append(joined.empty() ? "" : ",").append(field.value);
    return joined;
}

BegunSpan begin_span(const ServedRequest& request, const Tracer* tracer) {
    if (tracer == nullptr) return {};
    // Two of the first, joined, are none: then a new trace begins.
    return tracer->begin(all_fields(request, "traceparent"), all_fields(request, "tracestate"));
}

void handle(std::shared_ptr<Exchange> exchange, Services& services) {
    Match match = find_route(exchange->request().method, exchange->request().path);
    const Route& route = *match.route;
    BegunSpan span = begin_span(exchange->request(), services.tracer);
    Origin origin{.request_id = exchange->request().id, .trace = span.context};
    exchange = watched(std::move(exchange), route, std::move(span), services);
    Call call(exchange, route, std::move(match.parts), services, std::move(origin));
    Result<void> handled = at_wall(ErrorCode::out_of_memory, [&] { route.handle(call); });
    if (!handled) call.refuse(handled.error());
}

}  // namespace

WebHandlers web_handlers(Services& services, const ApiKeys& keys) {
    return {
        .on_head = [&keys](const ServedRequest& head) { return look_at(head, keys); },
        .on_request = [&services](std::shared_ptr<Exchange> exchange
                      ) { handle(std::move(exchange), services); },
        .refuse =
            [](int status, const std::string& message) {
                const ErrorCode code = status == 500   ? ErrorCode::internal
                                       : status == 503 ? ErrorCode::overloaded
                                                       : ErrorCode::invalid_input;
                ServedResponse response =
                    refusal(Dialect::vignette, {.code = code, .message = message, .field = {}}, status);
                if (status == 503) response.fields.push_back({"Retry-After", "1"});
                return response;
            },
    };
}

}  // namespace vignette
