// The fields that say which film to describe, and which of its frames. One per job, one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/film.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"
#include "wire/request/field_reader.h"

namespace vignette {

class FilmFields {
public:
    FilmFields(JsonReader& json, const Limits& limits) : json_(json), limits_(limits) {}

    // Whether the field is one of these.
    static bool knows(Role role);
    Result<void> read(const FieldReader::Member& member, JsonReader::Value& value);

    const std::string& field() const { return source_.field; }  // empty: no film

    bool in_windows() const { return options_.window.has_value(); }

    // The film, with `frame_job` saying how to describe each frame.
    Film film(Job frame_job);

    // For a job without a film: warns that the fields about frames are ignored.
    void warn(std::vector<Warning>& warnings) const;

private:
    using Member = FieldReader::Member;
    using Value = JsonReader::Value;

    Result<void> read_film(const Member& member, Value& value);
    Result<void> read_timestamps(const Member& member, Value& value);
    Result<void> read_fps(const Member& member, Value& value);
    Result<void> read_keyframes(const Member& member, Value& value);
    Result<void> read_window(const Member& member, Value& value);
    Result<void> read_max_frames(const Member& member, Value& value);
    Result<void> choose(const Member& member);

    JsonReader& json_;
    const Limits& limits_;
    PictureSource source_;
    FrameOptions options_;
    std::string chosen_by_;     // the field that chooses the frames
    std::string window_field_;  // empty: the film is not described in windows
    std::vector<std::string> frame_options_sent_;
};

}  // namespace vignette
