#include "serve/routes/plain_routes.h"

#include <array>
#include <utility>

#include "core/ascii.h"
#include "core/enum_text.h"
#include "serve/routes/feed.h"
#include "serve/routes/form_lines.h"
#include "serve/routes/local_routes.h"
#include "serve/routes/routes.h"
#include "wire/dialects/plain.h"
#include "wire/dialects/plain_form.h"

namespace vignette {
namespace {

std::string event_text(std::string_view event, std::string_view json) {
    return "event: " + std::string(event) + "\ndata: " + std::string(json) + "\n\n";
}

std::string error_text(const Error& error) { return refusal(Dialect::vignette, error).body; }

// Server-sent events: the pieces and finished items as they come, then the whole answer.
void send_events(const Call& call, Request request, std::size_t bytes) {
    const auto feed = std::make_shared<Feed>(call, "text/event-stream");
    request.stream = true;
    call.run(
        std::move(request), bytes,
        [feed](const StreamEvent& event) { feed->say(event_text("item", format_event(event))); },
        [feed](const Answer&, const Result<std::string>& output) {
            feed->say(
                output ? event_text("result", *output) : event_text("error", error_text(output.error()))
            );
            feed->end();
        }
    );
}

// A line of JSON for each item, as they are done. A film that ends too early has the reason on its last line.
void send_lines(const Call& call, Request request, std::size_t bytes) {
    const auto feed = std::make_shared<Feed>(call, json_lines);
    request.stream = true;
    call.run(
        std::move(request), bytes,
        [feed](const StreamEvent& event) {
            if (std::holds_alternative<Finished>(event.what)) feed->say(format_event(event) + "\n");
        },
        [call, feed](const Answer& answer, const Result<std::string>& output) {
            if (!output && !feed->begun()) return call.refuse(output.error());
            if (answer.film && !*answer.film) feed->say(error_text(answer.film->error()) + "\n");
            feed->end();
        }
    );
}

enum class Delivery { whole, lines, events };

// What the client would rather have: the first of these that its Accept names.
Delivery delivery_of(const ServedRequest& request) {
    struct Offer {
        std::string_view type;
        Delivery delivery;
    };
    constexpr std::array offers{
        Offer{json_lines, Delivery::lines},
        Offer{"text/event-stream", Delivery::events},
        Offer{"application/json", Delivery::whole},
    };
    const std::string accept = ascii_lower(request.field("Accept"));
    const Offer* best = &offers.back();
    for (const Offer& offer : offers)
        if (accept.find(offer.type) < accept.find(best->type)) best = &offer;
    return best->delivery;
}

void run(const Call& call, Result<PlainRequest> read, Delivery delivery) {
    if (!read) return call.refuse(read.error());
    const std::size_t bytes = read->bytes;
    // An answer in another API's words comes whole here: it has events of its own, which are not ours.
    if (read->request.writer) delivery = Delivery::whole;
    const bool streams = read->request.stream && !read->request.writer;
    if (delivery == Delivery::lines) return send_lines(call, std::move(read->request), bytes);
    if (delivery == Delivery::events || streams) return send_events(call, std::move(read->request), bytes);
    call.run(std::move(read->request), bytes, {}, [call](const Answer&, const Result<std::string>& output) {
        output ? call.answer(*output) : call.refuse(output.error());
    });
}

}  // namespace

// The text is what Immich's own service says.
void ping(const Call& call) {
    if (!call.services().desk.is_open()) return call.answer("", 204);
    call.exchange().answer({.status = 200, .body = "pong", .content_type = "text/plain", .fields = {}});
}

void livez(const Call& call) { call.answer(R"({"status":"alive"})"); }

void readyz(const Call& call) {
    const bool ready = call.services().desk.is_open();
    call.answer(ready ? R"({"status":"ready"})" : R"({"status":"loading"})", ready ? 200 : 503);
}

void health(const Call& call) {
    const bool ready = call.services().desk.is_open();
    call.answer(
        std::string(R"({"status":")") + (ready ? "ready" : "loading") + R"(","gpu_available":)" +
        (call.services().gpu ? "true" : "false") + "}"
    );
}

void run_here(const Call& call) { call.services().sdk_routes ? local_run(call) : run_plain(call); }

void run_here_sync(const Call& call) { call.services().sdk_routes ? local_runsync(call) : run_plain(call); }

void run_plain(const Call& call) {
    run(call, read_plain(call.take_body(), call.services().limits), Delivery::whole);
}

void run_batch(const Call& call) {
    run(call, read_plain_batch(call.take_body(), call.services().limits), delivery_of(call.request()));
}

bool wants_lines(const ServedRequest& request) { return delivery_of(request) == Delivery::lines; }

void run_batch_form(const Call& call) {
    const std::string type(call.request().field("Content-Type"));
    run(call, read_plain_form(type, call.take_body(), call.services().limits), delivery_of(call.request()));
}

}  // namespace vignette
