#include "wire/request/field_reader.h"

#include <utility>

#include "vignette/invariant.h"
#include "wire/request/field_checks.h"
#include "wire/request/media.h"
#include "wire/request/option_reader.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Member = FieldReader::Member;

constexpr std::string_view how_to_send =
    R"(send a picture as "data_url": "data:image/jpeg;base64,...", as "image_base64", or its address as "image_url")";

std::unexpected<Error> refuse_in_item(const Member& member) {
    return fail(
        ErrorCode::invalid_input, member.path + " applies to the whole job; move it to \"input\" itself"
    );
}

std::unexpected<Error> refuse_film(const Member& member) {
    return fail(
        ErrorCode::invalid_input,
        member.path + " is a film, not a picture; send it as a job of its own, in \"input\" itself"
    );
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
    if (const auto other = find_synonym(fields_.given, *index)) {
        return fail(
            ErrorCode::invalid_input,
            path + " means the same as " + path_ + "." + std::string(job_fields[*other].name) +
                "; send one of them",
            path
        );
    }
    fields_.given.set(*index);
    return Member{std::move(path), job_fields[*index].role, job_fields[*index].option, kind};
}

Result<void> FieldReader::read(const Member& member, Value& value) {
    return about(member.path, read_known(member, value));
}

Result<void> FieldReader::read_known(const Member& member, Value& value) {
    switch (member.role) {
        case Role::picture:
        case Role::picture_url: return read_image(member, value);
        case Role::option:
            return read_option(json_, limits_, member.path, member.option, value, fields_.options);
        case Role::images:
        case Role::data_urls:
        case Role::image_urls:
        case Role::model:
        case Role::frames:
        case Role::frame_urls:
        case Role::fast:
        case Role::cache:
        case Role::text:
        case Role::texts:
        case Role::task:
        case Role::stream:
        case Role::together:
        case Role::embedder:
        case Role::vector_format:
        case Role::return_embedding:
        case Role::disable_captions:
        case Role::foreign_route:
        case Role::foreign_body: return refuse_in_item(member);
        case Role::film: return refuse_film(member);
        case Role::timestamps:
        case Role::fps:
        case Role::keyframes:
        case Role::max_frames:
        case Role::window:
        case Role::keep_duplicates:
            warnings_.add(member.path, [] { return std::string("applies only to films; ignored"); });
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
    if (!fields_.image_field.empty()) return cannot_be_combined(fields_.image_field, member.path);
    const auto field = member.role == Role::picture_url ? MediaField::picture_url : MediaField::picture;
    fields_.image = TRY(read_media(member.path, text, limits_, field));
    fields_.image_field = member.path;
    return {};
}

Result<void> FieldReader::require_picture() const {
    if (!fields_.image_field.empty()) return {};
    std::string message = path_ + " has no picture; " + std::string(how_to_send);
    if (!warnings_.named().empty()) {  // a misspelt field may well be the picture
        const Warning& first = warnings_.named().front();
        message += " (" + first.field + ": " + first.message + ")";
    }
    return fail(ErrorCode::missing_image, std::move(message), path_);
}

CaptionOptions merged(const PictureFields& own, const PictureFields& of_job) {
    CaptionOptions options = own.options;
    for (std::size_t index = 0; index < job_fields.size(); ++index) {
        const JobField& field = job_fields[index];
        const bool own_word = own.given.test(index) || find_synonym(own.given, index);
        if (of_job.given.test(index) && !own_word) copy_option(field.option, of_job.options, options);
    }
    return options;
}

PictureFields FieldReader::finish() {
    fields_.warnings = warnings_.finish(path_);
    return std::move(fields_);
}

}  // namespace vignette
