#include "wire/dialects/turns.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/ascii.h"
#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {
namespace {

// Of 512 x 512 pixels in Qwen3-VL: what OpenAI's "low" looks at.
constexpr int coarse_tokens = 256;

void rename(std::string& text, const FieldName& name) {
    const std::size_t at = text.find(name.ours);
    if (at != std::string::npos) text.replace(at, name.ours.size(), name.theirs);
}

Result<void> check_turn_count(std::size_t turns, const std::string& path) {
    constexpr std::size_t turns_max = 256;
    if (turns < turns_max) return {};
    return fail(
        ErrorCode::invalid_input,
        path + " holds more than " + std::to_string(turns_max) + " messages; send the last of them", path
    );
}

Result<void> check_turn(const Turn& turn, const Turn& last) {
    if (turn.speaker == Speaker::assistant && &turn != &last) {
        return fail(
            ErrorCode::unsupported,
            turn.path +
                " is an earlier answer: the models here answer one question and remember none; leave out "
                "all but the last question and its pictures",
            turn.path
        );
    }
    if (turn.speaker == Speaker::user || turn.pictures.empty()) return {};
    return fail(
        ErrorCode::unsupported,
        turn.path + " has a picture, but only the user can show some; move it to a message of the user",
        turn.path
    );
}

Result<void> add_pictures(Job& job, Turn& turn, const Limits& limits) {
    if (job.pictures.size() + turn.pictures.size() > limits.batch_max) {
        return fail(
            ErrorCode::too_many_images,
            "with " + turn.path + " there are more than " + std::to_string(limits.batch_max) +
                " pictures; send fewer",
            turn.path
        );
    }
    std::ranges::move(turn.pictures, std::back_inserter(job.pictures));
    return {};
}

// Whether the value is that of a client that only sends its defaults. Reads all of it.
Result<bool> says_nothing(JsonReader& json, JsonReader::Value& value) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind == JsonKind::object || kind == JsonKind::array) {
        const std::string_view text = TRY(json.raw(value));
        return trim(text.substr(1, text.size() - 2)).empty();
    }
    const std::string_view token = json.token(value);
    const bool nothing = token == "null" || token == "false" || token == R"("")" ||
                         (kind == JsonKind::number && real_number(token) == 0);
    TRY(json.skip(value));
    return nothing;
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

Result<std::vector<Turn>> read_turns(
    JsonReader& json, const std::string& path, JsonReader::Value& list, const ReadTurn& read
) {
    const JsonKind kind = TRY(json.kind(list));
    if (kind != JsonKind::array) return wrong_type(path, "an array of messages", kind);
    std::vector<Turn> turns;
    TRY(json.elements(list, [&](JsonReader::Value& message) -> Result<void> {
        TRY(check_turn_count(turns.size(), path));
        Turn turn;
        turn.path = path + "[" + std::to_string(turns.size()) + "]";
        const JsonKind inner = TRY(json.kind(message));
        if (inner != JsonKind::object)
            return wrong_type(turn.path, R"(an object such as {"role": "user", "content": ...})", inner);
        TRY(about(turn.path, read(turn, message)));
        turns.push_back(std::move(turn));
        return {};
    }));
    return turns;
}

Result<std::optional<PictureSource>> take_film(std::vector<Turn>& turns) {
    std::optional<PictureSource> film;
    for (Turn& turn : turns) {
        if (!turn.film) continue;
        if (film)
            return fail(ErrorCode::unsupported, "only one film can be asked about; send one", turn.path);
        film = std::exchange(turn.film, std::nullopt);
    }
    return film;
}

Result<void> converse(Job& job, std::vector<Turn> turns, const PictureHint& hint, const Limits& limits) {
    job.options.fewer_tokens_will_do = true;  // their number of tokens is an upper bound
    std::ranges::stable_partition(turns, [](Speaker who) { return who == Speaker::system; }, &Turn::speaker);
    std::string prompt;
    std::size_t coarse = 0;
    for (Turn& turn : turns) {
        coarse += turn.coarse;
        if (turn.film)
            return fail(ErrorCode::unsupported, "films are only for chat completions", turn.film->field);
        TRY(check_turn(turn, turns.back()));
        if (turn.speaker == Speaker::assistant) {
            if (!turn.text.empty()) job.options.prefix = std::move(turn.text);
            continue;
        }
        TRY(add_text(prompt, turn.text, turn.path, limits));
        TRY(add_pictures(job, turn, limits));
    }
    if (!prompt.empty()) job.options.prompt = std::move(prompt);
    if (coarse > 0 && coarse == job.pictures.size()) job.options.picture_tokens = coarse_tokens;
    if (job.is_film && !job.pictures.empty()) {
        return fail(
            ErrorCode::unsupported, "a film and pictures cannot be asked about together; send one of the two",
            job.pictures.front().field
        );
    }
    if (job.is_film || !job.pictures.empty()) return {};
    return fail(
        ErrorCode::missing_image,
        std::string(hint.field) + " holds no picture; send one: " + std::string(hint.example),
        std::string(hint.field)
    );
}

Result<void> refuse_field(
    JsonReader& json, std::string_view path, std::string_view remedy, JsonReader::Value& value
) {
    if (TRY(says_nothing(json, value))) return {};
    return fail(
        ErrorCode::unsupported, std::string(path) + " is not supported: " + std::string(remedy),
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
