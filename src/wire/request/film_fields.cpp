#include "wire/request/film_fields.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "vignette/invariant.h"
#include "wire/request/field_checks.h"
#include "wire/request/media.h"
#include "wire/strings.h"

namespace vignette {
namespace {

constexpr double fps_max = 1000;
constexpr auto only_one = "both choose the frames; send only one of them";
constexpr double window_min = 1, window_max = 86'400;  // seconds

std::unexpected<Error> refuse(const std::string& path, ErrorCode code, const std::string& message) {
    return fail(code, path + " " + message, path);
}

}  // namespace

bool FilmFields::knows(Role role) {
    constexpr std::array known{Role::film,           Role::timestamps, Role::fps,
                               Role::keyframes,      Role::max_frames, Role::window,
                               Role::keep_duplicates};
    return std::ranges::find(known, role) != known.end();
}

Result<void> FilmFields::read(const Member& member, Value& value) {
    if (member.role == Role::film) return read_film(member, value);
    frame_options_sent_.push_back(member.path);
    if (member.role == Role::timestamps) return read_timestamps(member, value);
    if (member.role == Role::fps) return read_fps(member, value);
    if (member.role == Role::keyframes) return read_keyframes(member, value);
    if (member.role == Role::window) return read_window(member, value);
    if (member.role == Role::max_frames) return read_max_frames(member, value);
    if (member.role == Role::keep_duplicates) {
        options_.keep_duplicates = TRY(read_boolean(json_, member.path, value));
        return {};
    }
    panic("a role that is not of a film");
}

Result<void> FilmFields::read_film(const Member& member, Value& value) {
    if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
    const SharedText text = TRY(json_.string(value));
    PictureContent source = TRY(read_media(member.path, text, limits_, MediaField::film));
    source_ = {.field = member.path, .source = std::move(source)};
    return {};
}

// At most one field may choose the frames. A window's are spread over it.
Result<void> FilmFields::choose(const Member& member) {
    if (!window_field_.empty() && member.role != Role::fps)
        return refuse(member.path, ErrorCode::invalid_input, "and " + window_field_ + " " + only_one);
    if (chosen_by_.empty()) {
        chosen_by_ = member.path;
        return {};
    }
    return refuse(member.path, ErrorCode::invalid_input, "and " + chosen_by_ + " " + only_one);
}

Result<void> FilmFields::read_timestamps(const Member& member, Value& value) {
    if (member.kind != JsonKind::array)
        return wrong_type(member.path, "an array of seconds, such as [0, 2.5]", member.kind);
    TRY(choose(member));
    std::vector<double>& times = options_.timestamps;
    TRY(json_.elements(value, [&](Value& element) -> Result<void> {
        const std::string path = member.path + "[" + std::to_string(times.size()) + "]";
        const JsonKind kind = TRY(json_.kind(element));
        if (kind != JsonKind::number) return wrong_type(path, "a number of seconds", kind);
        const std::string_view token = json_.token(element);
        const double time = real_number(token);
        if (!(time >= 0) || !std::isfinite(time))
            return refuse(
                path, ErrorCode::invalid_input, "must be a time of 0 seconds or later, not " + shown(token)
            );
        if (!times.empty() && time <= times.back())
            return refuse(
                path, ErrorCode::invalid_input,
                "is not later than the time before it; send each time once, in rising order"
            );
        if (times.size() == limits_.timestamps_max) {
            return refuse(
                member.path, ErrorCode::invalid_input,
                "holds more than " + std::to_string(limits_.timestamps_max) + " times; send fewer"
            );
        }
        times.push_back(time);
        return {};
    }));
    if (!times.empty()) return {};
    return refuse(member.path, ErrorCode::invalid_input, "is empty; give at least one time, or leave it out");
}

Result<void> FilmFields::read_fps(const Member& member, Value& value) {
    if (member.kind != JsonKind::number) return wrong_type(member.path, "a number", member.kind);
    TRY(choose(member));
    const std::string_view token = json_.token(value);
    const double fps = real_number(token);
    if (!(fps > 0 && fps <= fps_max)) {
        return refuse(
            member.path, ErrorCode::invalid_input,
            "must be a number above 0 and at most 1000, not " + shown(token)
        );
    }
    options_.fps = fps;
    return {};
}

Result<void> FilmFields::read_keyframes(const Member& member, Value& value) {
    options_.keyframes = TRY(read_boolean(json_, member.path, value));
    if (!options_.keyframes) return {};
    return choose(member);
}

Result<void> FilmFields::read_window(const Member& member, Value& value) {
    if (member.kind != JsonKind::number) return wrong_type(member.path, "a number of seconds", member.kind);
    if (options_.keyframes || !options_.timestamps.empty())
        return refuse(member.path, ErrorCode::invalid_input, "and " + chosen_by_ + " " + only_one);
    const std::string_view token = json_.token(value);
    const double seconds = real_number(token);
    if (!(seconds >= window_min && seconds <= window_max)) {
        return refuse(
            member.path, ErrorCode::invalid_input,
            "must be a number of seconds, at least 1 and at most 86400, not " + shown(token)
        );
    }
    options_.window = seconds;
    window_field_ = member.path;
    return {};
}

Result<void> FilmFields::read_max_frames(const Member& member, Value& value) {
    if (member.kind != JsonKind::number) return wrong_type(member.path, "a whole number", member.kind);
    const std::string_view token = json_.token(value);
    options_.max_frames = whole_number(token);
    if (options_.max_frames.value_or(0) >= 1) return {};
    return refuse(
        member.path, ErrorCode::invalid_input, "must be a whole number of at least 1, not " + shown(token)
    );
}

Film FilmFields::film(Job frame_job) {
    return {.source = std::move(source_), .options = std::move(options_), .frame_job = std::move(frame_job)};
}

void FilmFields::warn(std::vector<Warning>& warnings) const {
    for (const std::string& path : frame_options_sent_)
        warnings.push_back({.field = path, .message = "applies only to films; ignored"});
}

}  // namespace vignette
