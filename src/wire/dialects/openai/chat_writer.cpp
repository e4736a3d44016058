#include "wire/dialects/openai/chat_writer.h"

#include <utility>

#include "core/enum_text.h"
#include "wire/dialects/refusals.h"

namespace vignette {
namespace {

constexpr OpenAiNames chat_names{.question = "messages", .format = "response_format", .length = "max_tokens"};
constexpr std::string_view stream_end = "data: [DONE]\n\n";

std::string_view chat_finish(FinishReason reason) {
    return reason == FinishReason::length ? "length" : "stop";  // one that repeats itself is ended, too
}

ResultJson chat_usage(const Caption& caption) {
    const int completion = completion_tokens(caption);
    return {
        {"prompt_tokens", caption.prompt_tokens},
        {"completion_tokens", completion},
        {"total_tokens", caption.prompt_tokens + completion}
    };
}

ResultJson chat_logprobs(const Caption& caption) {
    if (caption.logprobs.empty()) return {};
    return {{"content", logprobs_json(caption)}, {"refusal", nullptr}};
}

ResultJson choice_json(std::size_t index, std::string_view text, FinishReason finish, ResultJson logprobs) {
    return {
        {"index", index},
        {"message", {{"role", "assistant"}, {"content", text}, {"refusal", nullptr}}},
        {"logprobs", std::move(logprobs)},
        {"finish_reason", chat_finish(finish)}
    };
}

ResultJson choices_of(const Caption& caption, std::string_view prefix) {
    ResultJson list = ResultJson::array();
    list.push_back(
        choice_json(0, without_prefix(*caption.text, prefix), caption.finish, chat_logprobs(caption))
    );
    for (std::size_t i = 1; i < caption.alternatives.size(); ++i) {
        const Alternative& one = caption.alternatives[i];
        list.push_back(choice_json(i, without_prefix(one.text, prefix), one.finish, {}));
    }
    return list;
}

}  // namespace

Result<std::string> ChatWriter::whole(const Answer& answer) {
    const Caption& caption = *TRY(caption_of(answer));
    return written([&] {
        ResultJson json{
            {"id", "chatcmpl-" + call_.id},
            {"object", "chat.completion"},
            {"created", call_.created},
            {"model", caption.model.model},
            {"system_fingerprint", caption.model.digest},
            {"choices", choices_of(caption, call_.prefix)},
            {"usage", chat_usage(caption)},
        };
        add_warnings(json, caption.warnings, chat_names);
        return json;
    });
}

std::string ChatWriter::chunk(ResultJson choices, ResultJson usage) const {
    ResultJson json{
        {"id", "chatcmpl-" + call_.id},
        {"object", "chat.completion.chunk"},
        {"created", call_.created},
        {"model", call_.model},
    };
    if (!fingerprint_.empty()) json["system_fingerprint"] = fingerprint_;
    json["choices"] = std::move(choices);
    if (call_.with_usage) json["usage"] = std::move(usage);
    return "data: " + written_json(json) + "\n\n";
}

std::string ChatWriter::delta(int index, ResultJson delta, ResultJson finish, ResultJson logprobs) const {
    ResultJson choice{
        {"index", index},
        {"delta", std::move(delta)},
        {"logprobs", std::move(logprobs)},
        {"finish_reason", std::move(finish)}
    };
    return chunk(ResultJson::array({std::move(choice)}));
}

std::string ChatWriter::begin() {
    if (std::exchange(begun_, true)) return {};
    return delta(0, {{"role", "assistant"}, {"content", ""}, {"refusal", nullptr}});
}

std::string ChatWriter::piece(std::string_view text) {
    std::string said = begin();
    const std::string content = filter_.pass(text);
    if (!content.empty()) said += delta(0, {{"content", content}});
    return said;
}

// Only the first choice comes in pieces; the others are whole by now.
std::string ChatWriter::rest(const Answer& answer) {
    const Result<const Caption*> found = caption_of(answer);
    if (!found) return failure(found.error());
    const Caption& caption = **found;
    call_.model = caption.model.model;
    fingerprint_ = caption.model.digest;
    std::string said = begin();
    if (const std::string held = filter_.rest(); !held.empty()) said += delta(0, {{"content", held}});
    said += delta(0, ResultJson::object(), chat_finish(caption.finish), chat_logprobs(caption));
    for (std::size_t i = 1; i < caption.alternatives.size(); ++i) {
        const Alternative& one = caption.alternatives[i];
        const std::string_view text = without_prefix(one.text, call_.prefix);
        said +=
            delta(static_cast<int>(i), {{"role", "assistant"}, {"content", text}}, chat_finish(one.finish));
    }
    if (call_.with_usage) said += chunk(ResultJson::array(), chat_usage(caption));
    return said.append(stream_end);
}

std::string ChatWriter::failure(const Error& error) {
    return "data: " + format_refusal(Dialect::openai, error, http_status(error.code)) + "\n\n" +
           std::string(stream_end);
}

Error ChatWriter::renamed(Error error) const { return in_openai_words(std::move(error), chat_names); }

}  // namespace vignette
