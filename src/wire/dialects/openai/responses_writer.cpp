#include "wire/dialects/openai/responses_writer.h"

#include <utility>

#include "core/enum_text.h"

namespace vignette {
namespace {

constexpr OpenAiNames responses_names{
    .question = "input", .format = "text.format", .length = "max_output_tokens"
};

ResultJson format_json(const std::string& schema) {
    if (schema.empty()) return {{"type", "text"}};
    return {
        {"type", "json_schema"}, {"name", "answer"}, {"schema", ResultJson::parse(schema, nullptr, false)}
    };
}

ResultJson responses_usage(const Caption& caption) {
    const int output = completion_tokens(caption);
    return {
        {"input_tokens", caption.prompt_tokens},
        {"input_tokens_details", {{"cached_tokens", 0}}},
        {"output_tokens", output},
        {"output_tokens_details", {{"reasoning_tokens", 0}}},
        {"total_tokens", caption.prompt_tokens + output}
    };
}

ResultJson text_part(std::string_view text, ResultJson logprobs) {
    return {
        {"type", "output_text"},
        {"text", text},
        {"annotations", ResultJson::array()},
        {"logprobs", std::move(logprobs)}
    };
}

std::string_view status_of(const Caption& caption) {
    return caption.finish == FinishReason::length ? "incomplete" : "completed";
}

}  // namespace

ResultJson ResponsesWriter::response(std::string_view status) const {
    ResultJson json{
        {"id", "resp_" + call_.id},
        {"object", "response"},
        {"created_at", call_.created},
        {"status", status},
        {"background", false},
        {"error", nullptr},
        {"incomplete_details", nullptr},
        {"instructions", echo_.instructions.empty() ? ResultJson() : ResultJson(echo_.instructions)},
        {"max_output_tokens", echo_.max_output_tokens ? ResultJson(*echo_.max_output_tokens) : ResultJson()},
        {"model", call_.model},
        {"output", ResultJson::array()},
        {"parallel_tool_calls", false},
        {"previous_response_id", nullptr},
        {"store", false},
        {"temperature", nullptr},
        {"text", {{"format", format_json(echo_.schema)}}},
        {"tool_choice", "none"},
        {"tools", ResultJson::array()},
        {"top_p", nullptr},
        {"truncation", "disabled"},
        {"usage", nullptr},
        {"metadata", ResultJson::object()},
    };
    return json;
}

ResultJson ResponsesWriter::finished(const Caption& caption) const {
    ResultJson json = response(status_of(caption));
    if (caption.finish == FinishReason::length)
        json["incomplete_details"] = {{"reason", "max_output_tokens"}};
    json["model"] = caption.model.model;
    json["output"].push_back(message(caption));
    if (caption.model.temperature) json["temperature"] = *caption.model.temperature;
    if (caption.model.top_p) json["top_p"] = *caption.model.top_p;
    json["usage"] = responses_usage(caption);
    json["system_fingerprint"] = caption.model.digest;
    add_warnings(json, caption.warnings, responses_names);
    return json;
}

ResultJson ResponsesWriter::message(std::string_view status) const {
    return {
        {"id", "msg_" + call_.id},
        {"type", "message"},
        {"status", status},
        {"role", "assistant"},
        {"content", ResultJson::array()}
    };
}

ResultJson ResponsesWriter::message(const Caption& caption) const {
    ResultJson json = message(status_of(caption));
    json["content"].push_back(text_part(without_prefix(*caption.text, call_.prefix), logprobs_json(caption)));
    return json;
}

Result<std::string> ResponsesWriter::whole(const Answer& answer) {
    const Caption& caption = *TRY(caption_of(answer));
    return written([&] { return finished(caption); });
}

std::string ResponsesWriter::event(std::string_view type, const ResultJson& fields) {
    ResultJson json{{"type", type}};
    json.update(fields);
    json["sequence_number"] = events_++;
    return "event: " + std::string(type) + "\ndata: " + written_json(json) + "\n\n";
}

std::string ResponsesWriter::of_text(std::string_view type, const ResultJson& fields) {
    ResultJson json{{"item_id", "msg_" + call_.id}, {"output_index", 0}, {"content_index", 0}};
    json.update(fields);
    return event(type, json);
}

std::string ResponsesWriter::begin() {
    if (std::exchange(begun_, true)) return {};
    const ResultJson empty = response("in_progress");
    std::string said = event("response.created", {{"response", empty}});
    said += event("response.in_progress", {{"response", empty}});
    said += event("response.output_item.added", {{"output_index", 0}, {"item", message("in_progress")}});
    said += of_text("response.content_part.added", {{"part", text_part("", ResultJson::array())}});
    return said;
}

std::string ResponsesWriter::delta(const std::string& text) {
    if (text.empty()) return {};
    return of_text("response.output_text.delta", {{"delta", text}, {"logprobs", ResultJson::array()}});
}

std::string ResponsesWriter::piece(std::string_view text) {
    std::string said = begin();
    return said += delta(filter_.pass(text));
}

std::string ResponsesWriter::end(const Caption& caption) {
    const std::string text(without_prefix(*caption.text, call_.prefix));
    const ResultJson logprobs = logprobs_json(caption);
    std::string said = of_text("response.output_text.done", {{"text", text}, {"logprobs", logprobs}});
    said += of_text("response.content_part.done", {{"part", text_part(text, logprobs)}});
    said += event("response.output_item.done", {{"output_index", 0}, {"item", message(caption)}});
    const std::string_view last =
        caption.finish == FinishReason::length ? "response.incomplete" : "response.completed";
    return said += event(last, {{"response", finished(caption)}});
}

std::string ResponsesWriter::rest(const Answer& answer) {
    const Result<const Caption*> caption = caption_of(answer);
    if (!caption) return failure(caption.error());
    std::string said = begin();
    said += delta(filter_.rest());
    return said += end(**caption);
}

std::string ResponsesWriter::failure(const Error& error) {
    return event(
        "error", {{"code", to_text(error.code)},
                  {"message", error.message},
                  {"param", error.field.empty() ? ResultJson() : ResultJson(error.field)}}
    );
}

Error ResponsesWriter::renamed(Error error) const {
    return in_openai_words(std::move(error), responses_names);
}

}  // namespace vignette
