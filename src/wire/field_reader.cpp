#include "wire/field_reader.h"

#include <utility>

#include "vignette/invariant.h"
#include "wire/field_checks.h"
#include "wire/picture.h"
#include "wire/words.h"

namespace vignette {
namespace {

using Member = FieldReader::Member;

constexpr std::string_view how_to_send =
    R"(send the picture itself, as "data_url": "data:image/jpeg;base64,..." or as "image_base64")";

std::unexpected<Error> refuse(const Member& member) {
    return fail(ErrorCode::unsupported, member.path + " is not in this version; " + std::string(how_to_send));
}

std::unexpected<Error> refuse_in_item(const Member& member) {
    return fail(
        ErrorCode::invalid_input,
        member.path + " is the same for all pictures of a job; write it into \"input\" itself"
    );
}

std::unexpected<Error> refuse_quoted(const Member& member, std::string_view text) {
    std::string message = member.path + " must be a whole number, not a string";
    if (const auto number = whole_number(text)) {
        message += ": write " + std::to_string(*number) + " instead of \"" + shown(text) + "\"";
    }
    return fail(ErrorCode::invalid_input, std::move(message));
}

}  // namespace

FieldReader::FieldReader(JsonReader& json, const Limits& limits, std::string path)
    : json_(json), limits_(limits), path_(std::move(path)), warnings_(limits.warnings_max) {}

Result<std::optional<Member>> FieldReader::open(std::string_view key, Value& value) {
    std::string path = path_ + "." + shown(key);
    const auto index = find_job_field(key);
    if (!index) {
        warnings_.add(path, [key] { return unknown_field_message(key); });
        TRY(json_.skip(value));
        return std::nullopt;
    }
    bool seen = seen_.test(*index);
    TRY(only_once(seen, path));
    seen_.set(*index);
    const JsonKind kind = TRY(about(path, json_.kind(value)));
    if (kind == JsonKind::null) return std::nullopt;
    return Member{std::move(path), job_fields[*index].role, kind};
}

Result<void> FieldReader::read(const Member& member, Value& value) {
    return about(member.path, read_known(member, value));
}

Result<void> FieldReader::read_known(const Member& member, Value& value) {
    switch (member.role) {
        case Role::picture: return read_image(member, value);
        case Role::prompt: return read_prompt(member, value);
        case Role::max_length: return read_whole(member, value, fields_.options.max_length);
        case Role::min_length: return read_whole(member, value, fields_.options.min_length);
        case Role::num_beams: return read_whole(member, value, fields_.options.num_beams);
        case Role::return_tokens: return read_return_tokens(member, value);
        case Role::task: return read_task(member, value);
        case Role::images:
        case Role::data_urls:
        case Role::model:
        case Role::stream: return refuse_in_item(member);
        case Role::later: return refuse(member);
        case Role::only_off: return read_switch(member, value);
        case Role::ignored:
            warnings_.add(member.path, [] { return std::string("this version does not have it; ignored"); });
            return json_.skip(value);
    }
    panic("Role out of range");
}

Result<SharedText> FieldReader::read_string(const Member& member, Value& value) {
    if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
    return json_.string(value);
}

Result<void> FieldReader::read_image(const Member& member, Value& value) {
    const SharedText text = TRY(read_string(member, value));
    if (!fields_.image_field.empty()) return both_hold_pictures(fields_.image_field, member.path);
    fields_.image = TRY(read_picture(member.path, text));
    fields_.image_field = member.path;
    return {};
}

Result<void> FieldReader::read_prompt(const Member& member, Value& value) {
    const SharedText text = TRY(read_string(member, value));
    const std::size_t bytes = text.view().size();
    if (bytes > limits_.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long, member.path + " has " + std::to_string(bytes) +
                                            " bytes; shorten it to " +
                                            std::to_string(limits_.prompt_bytes_max) + " or fewer"
        );
    }
    fields_.options.prompt = std::string(text.view());
    return {};
}

Result<void> FieldReader::read_whole(
    const Member& member, Value& value, std::optional<std::int64_t>& option
) {
    if (member.kind == JsonKind::string) return refuse_quoted(member, TRY(json_.string(value)).view());
    if (member.kind != JsonKind::number) return wrong_type(member.path, "a whole number", member.kind);
    const std::string_view token = json_.token(value);
    option = whole_number(token);
    if (option) return {};
    return fail(
        ErrorCode::invalid_input, member.path + " must be a whole number from 0 to " +
                                      std::to_string(whole_number_max) + ", such as 40, not " + shown(token)
    );
}

Result<void> FieldReader::read_return_tokens(const Member& member, Value& value) {
    fields_.return_tokens = TRY(read_boolean(json_, member.path, value));
    return {};
}

Result<void> FieldReader::read_task(const Member& member, Value& value) {
    const SharedText task = TRY(read_string(member, value));
    if (task.view() == "caption") return {};
    return fail(
        ErrorCode::unsupported, member.path + " \"" + shown(task.view()) +
                                    "\" is not in this version; leave it out or send \"caption\""
    );
}

Result<void> FieldReader::read_switch(const Member& member, Value& value) {
    if (!TRY(read_boolean(json_, member.path, value))) return {};
    return fail(ErrorCode::unsupported, member.path + " is not in this version; leave it out or send false");
}

Result<void> FieldReader::require_picture() const {
    if (!fields_.image_field.empty()) return {};
    std::string message = path_ + " holds no picture; " + std::string(how_to_send);
    if (!warnings_.named().empty()) {  // the misspelt field may well be the picture
        const Warning& first = warnings_.named().front();
        message += " (" + first.field + ": " + first.message + ")";
    }
    return fail(ErrorCode::missing_image, std::move(message), path_);
}

PictureFields FieldReader::take() {
    fields_.warnings = warnings_.take(path_);
    return std::move(fields_);
}

}  // namespace vignette
