#include <array>
#include <utility>

#include "core/enum_text.h"
#include "wire/answer/result_parts.h"
#include "wire/dialects/anthropic/anthropic.h"
#include "wire/dialects/refusals.h"
#include "wire/dialects/turns.h"

namespace vignette {
namespace {

using Json = ResultJson;

constexpr std::array anthropic_names{
    FieldName{"input.max_length", "max_tokens"},
    FieldName{"input.temperature", "temperature"},
    FieldName{"input.top_p", "top_p"},
    FieldName{"input.top_k", "top_k"},
    FieldName{"input.stop", "stop_sequences"},
    FieldName{"input.schema", "output_config.format"},
    FieldName{"input.preset", "output_config.format"},
    FieldName{"input.model", "model"},
    FieldName{"input.prompt", "messages"},
    FieldName{"input.prefix", "messages"},
};

std::string_view stop_reason(const Caption& caption) {
    if (!caption.stopped_by.empty()) return "stop_sequence";
    return caption.finish == FinishReason::length ? "max_tokens" : "end_turn";
}

Json stop_sequence(const Caption& caption) {
    return caption.stopped_by.empty() ? Json() : Json(caption.stopped_by);
}

Json usage(const Caption& caption) {
    return {{"input_tokens", caption.prompt_tokens}, {"output_tokens", caption.tokens.size()}};
}

// A member that its clients do not know and do not mind.
void add_remarks(Json& json, const Caption& caption) {
    for (const Warning& warning : in_names_of(anthropic_names, caption.warnings))
        json["warnings"].push_back({{"field", warning.field}, {"message", warning.message}});
}

Json message_json(const AnthropicReply& reply) {
    return {
        {"id", reply.id},           {"type", "message"},
        {"role", "assistant"},      {"model", reply.model},
        {"content", Json::array()}, {"stop_reason", nullptr},
        {"stop_sequence", nullptr}, {"usage", {{"input_tokens", 0}, {"output_tokens", 0}}},
    };
}

std::string event_text(std::string_view name, const Json& json) {
    return "event: " + std::string(name) + "\ndata: " + written_json(json) + "\n\n";
}

}  // namespace

std::string format_anthropic(const AnthropicReply& reply, std::string_view text, const Caption& caption) {
    Json json = message_json(reply);
    json["content"].push_back({{"type", "text"}, {"text", text}});
    json["stop_reason"] = stop_reason(caption);
    json["stop_sequence"] = stop_sequence(caption);
    json["usage"] = usage(caption);
    add_remarks(json, caption);
    return written_json(json);
}

// How many tokens the prompt has is known only at the end.
std::string anthropic_begin(const AnthropicReply& reply) {
    return event_text("message_start", {{"type", "message_start"}, {"message", message_json(reply)}}) +
           event_text(
               "content_block_start", {{"type", "content_block_start"},
                                       {"index", 0},
                                       {"content_block", {{"type", "text"}, {"text", ""}}}}
           ) +
           event_text("ping", {{"type", "ping"}});
}

std::string anthropic_piece(std::string_view piece) {
    return event_text(
        "content_block_delta",
        {{"type", "content_block_delta"}, {"index", 0}, {"delta", {{"type", "text_delta"}, {"text", piece}}}}
    );
}

std::string anthropic_end(const Caption& caption) {
    Json end{
        {"type", "message_delta"},
        {"delta", {{"stop_reason", stop_reason(caption)}, {"stop_sequence", stop_sequence(caption)}}},
        {"usage", usage(caption)},
    };
    add_remarks(end, caption);
    return event_text("content_block_stop", {{"type", "content_block_stop"}, {"index", 0}}) +
           event_text("message_delta", end) + event_text("message_stop", {{"type", "message_stop"}});
}

std::string anthropic_failure(const Error& error) {
    return "event: error\ndata: " + format_refusal(Dialect::anthropic, error, http_status(error.code)) +
           "\n\n";
}

Error anthropic_error(Error error) { return in_names_of(anthropic_names, std::move(error)); }

}  // namespace vignette
