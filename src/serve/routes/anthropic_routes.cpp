#include "serve/routes/anthropic_routes.h"

#include <memory>
#include <mutex>
#include <utility>

#include "serve/random_name.h"
#include "serve/routes/routes.h"
#include "serve/routes/said.h"
#include "wire/dialects/anthropic/anthropic.h"
#include "wire/dialects/turns.h"

namespace vignette {
namespace {

void answer_message(const Call& call, AnthropicAsk ask) {
    const AnthropicReply reply{ask.request.id.value, ask.model};
    call.run(
        std::move(ask.request), ask.bytes, {},
        [call, reply, prefix = ask.prefix](const Answer& answer, const Result<std::string>&) {
            const Result<const Caption*> caption = said_in(answer);
            if (!caption) return call.refuse(anthropic_error(caption.error()));
            call.answer(format_anthropic(reply, Behind(prefix).rest_of(*(*caption)->text), **caption));
        }
    );
}

void answer_in_events(const Call& call, AnthropicAsk ask) {
    const AnthropicReply reply{ask.request.id.value, ask.model};
    const auto behind = std::make_shared<Behind>(ask.prefix);
    // The head goes out with the first piece: until then the status can say that the job failed.
    const auto begun = std::make_shared<std::once_flag>();
    const auto begin = [call, begun, reply] {
        std::call_once(*begun, [&] {
            call.exchange().begin(event_stream());
            call.exchange().write(anthropic_begin(reply));
        });
    };
    call.run(
        std::move(ask.request), ask.bytes,
        [call, behind, begin](const StreamEvent& event) {
            const auto* const piece = std::get_if<Piece>(&event.what);
            if (piece == nullptr) return;
            const std::string_view text = behind->rest_of(piece->text);
            if (text.empty()) return;
            begin();
            call.exchange().write(anthropic_piece(text));
        },
        [call, begun, begin](const Answer& answer, const Result<std::string>&) {
            const Result<const Caption*> caption = said_in(answer);
            if (caption) {
                begin();
                call.exchange().write(anthropic_end(**caption));
                return call.exchange().end();
            }
            const Error error = anthropic_error(caption.error());
            bool first = false;
            std::call_once(*begun, [&] { first = true; });
            if (first) return call.refuse(error);
            call.exchange().write(anthropic_failure(error));
            call.exchange().end();
        }
    );
}

}  // namespace

void anthropic_messages(const Call& call) {
    Result<AnthropicAsk> ask =
        read_anthropic(call.take_body(), {"msg_" + random_name()}, call.services().limits);
    if (!ask) return call.refuse(ask.error());
    ask->request.stream ? answer_in_events(call, *std::move(ask)) : answer_message(call, *std::move(ask));
}

void anthropic_count_tokens(const Call& call) {
    call.exchange().answer(refusal(
        Dialect::anthropic,
        {ErrorCode::unsupported,
         "tokens are not counted before a picture is looked at; an answer's usage says how many there were",
         {}},
        501
    ));
}

}  // namespace vignette
