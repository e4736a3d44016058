#include "serve/front.h"

#include <utility>

#include "core/ascii.h"
#include "core/log.h"
#include "serve/routes/plain_routes.h"
#include "serve/routes/routes.h"
#include "serve/watched_exchange.h"
#include "vignette/invariant.h"

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

// What a route says to those whom it does not let in.
ServedResponse not_admitted(Dialect dialect, const KeyVerdict& verdict, const std::string& request_id) {
    const auto say = [&](ErrorCode code, std::string message, int status, std::vector<HttpField> fields) {
        ServedResponse response =
            refusal(dialect, {.code = code, .message = std::move(message), .field = {}}, status, request_id);
        response.fields = std::move(fields);
        return response;
    };
    const std::string seconds = std::to_string(verdict.wait.count());
    switch (verdict.kind) {
        case KeyVerdict::Kind::welcome: break;
        case KeyVerdict::Kind::unknown:
            return say(
                ErrorCode::refused, "this needs a key that the server knows; send Authorization: Bearer KEY",
                401, {{"WWW-Authenticate", "Bearer"}}
            );
        case KeyVerdict::Kind::no_admin:
            return say(ErrorCode::refused, "this needs an admin key; the one sent is a client key", 403, {});
        case KeyVerdict::Kind::too_often:
            return say(
                ErrorCode::overloaded, "too many requests this minute; try again in " + seconds + " s", 429,
                {{"Retry-After", seconds}}
            );
    }
    panic("KeyVerdict::Kind out of range");
}

std::optional<ServedResponse> look_at(const ServedRequest& head, const Match& match, const Guards& guards) {
    if (std::optional<ServedResponse> preflight = guards.cors.preflight(head)) return preflight;
    if (match.route == nullptr) return not_here(head, match);
    const KeyVerdict verdict = guards.keys.admit(head, match.route->access);
    if (verdict.kind == KeyVerdict::Kind::welcome) return std::nullopt;
    return not_admitted(match.route->dialect, verdict, head.id);
}

// Of what never gets to its route; one label for all paths that are none.
void count_early(Services& services, const Match& match, int status) {
    services.metrics.note_request(match.route != nullptr ? match.route->path : "none", status);
}

std::optional<ServedResponse> answer_early(
    const ServedRequest& head, Services& services, const Guards& guards
) {
    const Match match = find_route(head.method, head.path);
    std::optional<ServedResponse> early = look_at(head, match, guards);
    if (!early) return early;
    count_early(services, match, early->status);
    name_for_client(*early, dialect_of(head.path), head.id);
    log_debug("request_refused status=" + std::to_string(early->status), LogSubject{{}, head.id});
    return early;
}

// What the web server has to say itself.
ServedResponse refuse(int status, const std::string& message, const ServedRequest* head, Services& services) {
    const Match match = head != nullptr ? find_route(head->method, head->path) : Match{};
    if (status != 500) count_early(services, match, status);  // 500: nobody answered, which has been measured
    const ErrorCode code = status == 500   ? ErrorCode::internal
                           : status == 503 ? ErrorCode::overloaded
                                           : ErrorCode::invalid_input;
    const Dialect dialect = match.route != nullptr ? match.route->dialect : Dialect::vignette;
    ServedResponse response = refusal(
        dialect, {.code = code, .message = message, .field = {}}, status, head != nullptr ? head->id : ""
    );
    if (status == 503) response.fields.push_back({"Retry-After", "1"});
    return response;
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

Call begin_call(std::shared_ptr<Exchange> exchange, Match match, Services& services) {
    BegunSpan span = begin_span(exchange->request(), services.tracer);
    Origin origin{.request_id = exchange->request().id, .trace = span.context};
    exchange = watched(std::move(exchange), *match.route, std::move(span), services);
    return Call(std::move(exchange), *match.route, std::move(match.parts), services, std::move(origin));
}

void handle(std::shared_ptr<Exchange> exchange, Services& services) {
    Match match = find_route(exchange->request().method, exchange->request().path);
    const Route& route = *match.route;
    const Call call = begin_call(std::move(exchange), std::move(match), services);
    if (services.elsewhere && services.elsewhere(call, route)) return;
    Result<void> handled = at_wall(ErrorCode::out_of_memory, [&] { route.handle(call); });
    if (!handled) call.refuse(handled.error());
}

bool takes_pieces(const ServedRequest& head, const Services& services) {
    const Match match = find_route(head.method, head.path);
    return match.route->handle_pieces != nullptr && !services.elsewhere && wants_lines(head);
}

std::shared_ptr<BodySink> handle_pieces(std::shared_ptr<Exchange> exchange, Services& services) {
    Match match = find_route(exchange->request().method, exchange->request().path);
    const Route& route = *match.route;
    return route.handle_pieces(begin_call(std::move(exchange), std::move(match), services));
}

}  // namespace

WebHandlers web_handlers(Services& services, const Guards& guards) {
    return {
        .on_head = [&](const ServedRequest& head) { return answer_early(head, services, guards); },
        .on_request = [&services](std::shared_ptr<Exchange> exchange
                      ) { handle(std::move(exchange), services); },
        .refuse = [&services](
                      int status, const std::string& message, const ServedRequest* head
                  ) { return refuse(status, message, head, services); },
        .in_pieces = [&services](const ServedRequest& head) { return takes_pieces(head, services); },
        .on_pieces = [&services](std::shared_ptr<Exchange> exchange
                     ) { return handle_pieces(std::move(exchange), services); },
        .extra_fields = [&guards](const ServedRequest& head) { return guards.cors.fields_of(head); },
    };
}

WebHandlers health_handlers(Services& services, const Guards& guards) {
    WebHandlers handlers = web_handlers(services, guards);
    handlers.on_head = [&services](const ServedRequest& head) -> std::optional<ServedResponse> {
        const Match match = find_route(head.method, head.path);
        if (match.route != nullptr && match.route->access == Access::open) return std::nullopt;
        constexpr int not_found = 404;
        count_early(services, match, not_found);
        return refusal(
            dialect_of(head.path),
            {.code = ErrorCode::not_found,
             .message = "this port only says whether the server is alive; ask at its other port",
             .field = {}},
            not_found
        );
    };
    return handlers;
}

}  // namespace vignette
