#include "serve/plain_routes.h"

#include <utility>

#include "core/enum_text.h"
#include "serve/routes.h"
#include "wire/dialects/plain.h"

namespace vignette {
namespace {

// Server-sent events: the pieces and finished items as they come, then the whole answer.
void stream(const Call& call, Request request, std::size_t bytes) {
    // The head goes out with the first event: until then a job can still be refused.
    const auto begun = std::make_shared<std::once_flag>();
    const auto say = [call, begun](std::string_view event, const std::string& json) {
        std::call_once(*begun, [&] { call.exchange().begin(event_stream()); });
        call.exchange().write("event: " + std::string(event) + "\ndata: " + json + "\n\n");
    };
    call.run(
        std::move(request), bytes, [say](const StreamEvent& event) { say("item", format_event(event)); },
        [call, say](const Answer&, const Result<std::string>& output) {
            output ? say("result", *output) : say("error", refusal(Dialect::vignette, output.error()).body);
            call.exchange().end();
        }
    );
}

void run(const Call& call, Result<PlainRequest> read) {
    if (!read) return call.refuse(read.error());
    const std::size_t bytes = read->bytes;
    // An answer in another API's words comes whole here: it has events of its own, which are not ours.
    if (read->request.stream && !read->request.writer) return stream(call, std::move(read->request), bytes);
    call.run(std::move(read->request), bytes, {}, [call](const Answer&, const Result<std::string>& output) {
        output ? call.answer(*output) : call.refuse(output.error());
    });
}

}  // namespace

void ping(Call call) { call.answer("", call.services().desk.is_open() ? 200 : 204); }

void livez(Call call) { call.answer(R"({"status":"alive"})"); }

void readyz(Call call) {
    const bool ready = call.services().desk.is_open();
    call.answer(ready ? R"({"status":"ready"})" : R"({"status":"loading"})", ready ? 200 : 503);
}

void health(Call call) {
    const bool ready = call.services().desk.is_open();
    call.answer(
        std::string(R"({"status":")") + (ready ? "ready" : "loading") + R"(","gpu_available":)" +
        (call.services().gpu ? "true" : "false") + "}"
    );
}

void run_plain(Call call) { run(call, read_plain(call.take_body(), call.services().limits)); }

void run_batch(Call call) { run(call, read_plain_batch(call.take_body(), call.services().limits)); }

}  // namespace vignette
