#include "wire/dialects/openai/turns.h"

#include <utility>

#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {

Result<void> Turns::read(Value& list) {
    const JsonKind kind = TRY(json_.kind(list));
    if (kind != JsonKind::array) return wrong_type(path_, "an array of messages", kind);
    std::size_t index = 0;
    return json_.elements(list, [&](Value& element) -> Result<void> {
        const std::string path = path_ + "[" + std::to_string(index++) + "]";
        ChatTurn turn = TRY(about(path, read_turn(json_, limits_, path, element)));
        return about(path, add(std::move(turn)));
    });
}

Result<void> Turns::add_system(std::string_view text) { return append(system_, text); }

Result<void> Turns::add_user(std::string_view text) { return append(user_, text); }

Result<void> Turns::add(ChatTurn turn) {
    const bool is_system = turn.role == "system" || turn.role == "developer";
    if (turn.role == "assistant") return add_answer(std::move(turn));
    if (!is_system && turn.role != "user") {
        const bool known = turn.role == "tool" || turn.role == "function";
        return fail(
            known ? ErrorCode::unsupported : ErrorCode::invalid_input,
            turn.path + ".role must be system, developer, user or assistant" +
                (turn.role.empty() ? "" : ", not \"" + shown(turn.role) + "\""),
            turn.path + ".role"
        );
    }
    if (is_system && turn.pictures.empty()) return append(system_, turn.text);
    if (is_system) {
        return fail(
            ErrorCode::unsupported,
            turn.path + " has a picture, but only the user can show some; move it to a message of the user"
        );
    }
    if (!answered_.empty()) {
        return fail(
            ErrorCode::unsupported,
            answered_ +
                " is an earlier answer: the models here answer one question and remember none; "
                "leave out all but the last question",
            answered_
        );
    }
    for (PictureSource& picture : turn.pictures) {
        if (pictures_.size() == limits_.batch_max) {
            return fail(
                ErrorCode::too_many_images,
                path_ + " holds more than " + std::to_string(limits_.batch_max) + " pictures; send fewer"
            );
        }
        pictures_.push_back(std::move(picture));
    }
    return append(user_, turn.text);
}

// The last message may be the beginning of the answer.
Result<void> Turns::add_answer(ChatTurn turn) {
    if (!turn.pictures.empty())
        return fail(ErrorCode::unsupported, turn.path + " has a picture, but only the user can show some");
    if (!answered_.empty()) {
        return fail(
            ErrorCode::unsupported, turn.path + " follows another answer; send one beginning of the answer"
        );
    }
    answered_ = turn.path;
    prefix_ = std::move(turn.text);
    return {};
}

Result<void> Turns::append(std::string& to, std::string_view text) const {
    if (!to.empty() && !text.empty()) to += '\n';
    if (to.size() + text.size() > limits_.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long,
            "the text has more than " + std::to_string(limits_.prompt_bytes_max) + " bytes; shorten it"
        );
    }
    to += text;
    return {};
}

Result<void> Turns::ask(Job& job) {
    if (pictures_.empty()) {
        return fail(
            ErrorCode::missing_image,
            path_ +
                " holds no picture; add one to a user's content: {\"type\": \"image_url\", "
                "\"image_url\": {\"url\": \"data:image/jpeg;base64,...\"}}",
            path_
        );
    }
    job.pictures = std::move(pictures_);
    std::string prompt = std::move(system_);
    TRY(append(prompt, user_));
    if (!prompt.empty()) job.options.prompt = std::move(prompt);
    if (!prefix_.empty()) job.options.prefix = prefix_;
    return {};
}

}  // namespace vignette
