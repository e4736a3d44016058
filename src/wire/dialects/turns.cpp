#include "wire/dialects/turns.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/ascii.h"

namespace vignette {
namespace {

void rename(std::string& text, const FieldName& name) {
    const std::size_t at = text.find(name.ours);
    if (at != std::string::npos) text.replace(at, name.ours.size(), name.theirs);
}

Result<void> check_answer(const Turn& turn, const Turn& last) {
    if (&turn != &last) {
        return fail(
            ErrorCode::unsupported,
            "earlier answers of the assistant are not supported: no request knows another; send the last "
            "question with its pictures",
            turn.path
        );
    }
    if (turn.pictures.empty()) return {};
    return fail(ErrorCode::unsupported, "only a user's message can hold pictures", turn.path);
}

}  // namespace

Result<void> add_text(std::string& text, std::string_view more, std::string_view path, const Limits& limits) {
    if (trim(more).empty()) return {};
    if (text.size() + more.size() > limits.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long,
            std::string(path) + ": all texts together have more than " +
                std::to_string(limits.prompt_bytes_max) + " bytes; shorten them",
            std::string(path)
        );
    }
    if (!text.empty()) text += '\n';
    text += more;
    return {};
}

Result<void> check_turn_count(std::size_t turns, std::string_view path) {
    constexpr std::size_t turns_max = 256;
    if (turns < turns_max) return {};
    return fail(
        ErrorCode::invalid_input,
        "there are more than " + std::to_string(turns_max) + " messages; send the last of them",
        std::string(path)
    );
}

Result<void> converse(Job& job, std::vector<Turn> turns, const Limits& limits) {
    job.options.fewer_tokens_will_do = true;  // their number of tokens is an upper bound
    std::string prompt;
    for (Turn& turn : turns) {
        if (turn.speaker == Speaker::assistant) {
            TRY(check_answer(turn, turns.back()));
            if (!turn.text.empty()) job.options.prefix = std::move(turn.text);
            continue;
        }
        TRY(add_text(prompt, turn.text, turn.path, limits));
        std::ranges::move(turn.pictures, std::back_inserter(job.pictures));
    }
    if (!prompt.empty()) job.options.prompt = std::move(prompt);
    if (job.pictures.empty()) {
        return fail(
            ErrorCode::missing_image, "there is no picture; send one: the models here describe pictures"
        );
    }
    if (job.pictures.size() <= limits.batch_max) return {};
    return fail(
        ErrorCode::too_many_images,
        "there are more than " + std::to_string(limits.batch_max) + " pictures; send fewer"
    );
}

Result<bool> says_nothing(JsonReader& json, JsonReader::Value& value) {
    switch (TRY(json.kind(value))) {
        case JsonKind::null:
        case JsonKind::boolean:
        case JsonKind::number: {
            const std::string_view text = json.token(value);
            return text == "null" || text == "false" || text == "0";
        }
        case JsonKind::string: return TRY(json.string(value)).view().empty();
        case JsonKind::array:
        case JsonKind::object: break;
    }
    const std::string_view text = TRY(json.raw(value));
    return trim(text.substr(1, text.size() - 2)).empty();
}

Result<void> refuse_field(
    JsonReader& json, std::string_view path, std::string_view remedy, JsonReader::Value& value
) {
    if (TRY(says_nothing(json, value))) return {};
    return fail(
        ErrorCode::unsupported, std::string(path) + " is not supported; " + std::string(remedy),
        std::string(path)
    );
}

Error in_names_of(std::span<const FieldName> names, Error error) {
    if (error.field == "input.together")
        return {error.code, "this model looks at one picture at a time; send one, or name another model", {}};
    for (const FieldName& name : names) {
        if (error.field != name.ours) continue;
        rename(error.message, name);
        error.field = name.theirs;
        break;
    }
    return error;
}

std::vector<Warning> in_names_of(std::span<const FieldName> names, std::vector<Warning> warnings) {
    for (Warning& warning : warnings) {
        const auto found = std::ranges::find(names, warning.field, &FieldName::ours);
        if (found == names.end()) continue;
        rename(warning.message, *found);
        warning.field = found->theirs;
    }
    return warnings;
}

}  // namespace vignette
