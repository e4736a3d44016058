// The fields that say which film is to be described and which frames of it. One for each job, one thread.
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

    // Whether the field is one of those.
    static bool knows(Role role);
    Result<void> read(const FieldReader::Member& member, JsonReader::Value& value);

    const std::string& field() const { return source_.field; }  // empty: there is no film

    // The film, whose frames are described as `frame` says.
    Film film(Job frame_job);

    // For a job without a film: what was said about its frames is told to be ignored.
    void warn(std::vector<Warning>& warnings) const;

private:
    using Member = FieldReader::Member;
    using Value = JsonReader::Value;

    Result<void> read_film(const Member& member, Value& value);
    Result<void> read_timestamps(const Member& member, Value& value);
    Result<void> read_fps(const Member& member, Value& value);
    Result<void> read_keyframes(const Member& member, Value& value);
    Result<void> read_max_frames(const Member& member, Value& value);
    Result<void> choose(const Member& member);

    JsonReader& json_;
    const Limits& limits_;
    PictureSource source_;
    FrameOptions options_;
    std::string chosen_by_;  // the field that says which frames
    std::vector<std::string> frame_options_sent_;
};

}  // namespace vignette
