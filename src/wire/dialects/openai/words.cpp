#include "wire/dialects/openai/words.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "wire/answer/vector_text.h"

namespace vignette {
namespace {

std::string renamed_field(std::string_view field, const OpenAiNames& names) {
    constexpr std::string_view ours = "input";
    if (field == ours) return {};
    if (!field.starts_with("input.")) return std::string(field);
    const std::string_view name = field.substr(ours.size() + 1);
    if (name == "prompt" || name == "prefix" || name == "together" || name == "text")
        return std::string(names.question);
    if (name == "schema") return std::string(names.format);
    if (name == "max_length") return std::string(names.length);
    if (name == "min_length") return "min_tokens";
    return std::string(name);
}

}  // namespace

std::int64_t unix_now() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

Error in_openai_words(Error error, const OpenAiNames& names) {
    error.field = renamed_field(error.field, names);
    return error;
}

Result<const Caption*> caption_of(const Answer& answer) {
    const Result<Caption>& outcome = answer.items.front().outcome;
    if (!outcome) return std::unexpected(outcome.error());
    if (outcome->text) return &*outcome;
    return fail(ErrorCode::unsupported, "captions are switched off on this server");
}

int completion_tokens(const Caption& caption) {
    if (caption.alternatives.empty()) return static_cast<int>(caption.tokens.size());
    int sum = 0;
    for (const Alternative& one : caption.alternatives) sum += one.tokens;
    return sum;
}

ResultJson logprobs_json(const Caption& caption) {
    ResultJson list = ResultJson::array();
    std::size_t count = std::min(caption.logprobs.size(), caption.token_texts.size());
    // The end token is not a part of the text.
    if (count > 0 && caption.finish == FinishReason::stop && caption.token_texts[count - 1].empty()) --count;
    for (std::size_t i = 0; i < count; ++i) {
        ResultJson bytes = ResultJson::array();
        for (const char byte : caption.token_texts[i]) bytes.push_back(static_cast<unsigned char>(byte));
        list.push_back(ResultJson{
            {"token", caption.token_texts[i]},
            {"logprob", shortest(caption.logprobs[i])},
            {"bytes", std::move(bytes)},
            {"top_logprobs", ResultJson::array()}
        });
    }
    return list;
}

void add_warnings(ResultJson& json, const std::vector<Warning>& warnings, const OpenAiNames& names) {
    if (warnings.empty()) return;
    ResultJson list = ResultJson::array();
    for (const Warning& warning : warnings) {
        list.push_back(
            ResultJson{{"field", renamed_field(warning.field, names)}, {"message", warning.message}}
        );
    }
    json["warnings"] = std::move(list);
}

std::string_view without_prefix(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string PrefixFilter::pass(std::string_view piece) {
    if (done_) return std::string(piece);
    held_ += piece;
    if (held_.size() < prefix_.size() && prefix_.starts_with(held_)) return {};
    return rest();
}

std::string PrefixFilter::rest() {
    done_ = true;
    const std::string held = std::exchange(held_, {});
    return std::string(without_prefix(held, prefix_));
}

}  // namespace vignette
