// Reads the fields that a job's input and one picture of a batch have in common. One per object, one thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"
#include "wire/request/job_fields.h"
#include "wire/request/warning_list.h"

namespace vignette {

struct PictureFields {
    std::string image_field;  // empty: no picture
    PictureContent image;
    std::optional<std::string> text;  // to embed, instead of a picture
    CaptionOptions options;
    JobFieldSet given;  // fields that were not null; they override those of the job
    std::vector<Warning> warnings;
};

// The options of one picture: its own, and its job's where it sets none.
CaptionOptions merged(const PictureFields& own, const PictureFields& of_job);

class FieldReader {
public:
    using Value = JsonReader::Value;

    struct Member {
        std::string path;
        Role role;
        Option option;
        JsonKind kind;  // never null
    };

    // `path` names the object in messages: "input", "input.images[3]".
    FieldReader(JsonReader& json, const Limits& limits, std::string path);

    // nullopt if there is nothing left to read: the field is null, or unknown, which adds a warning.
    Result<std::optional<Member>> open(std::string_view key, Value& value);

    // Reads a member returned by open(); an error names its field.
    Result<void> read(const Member& member, Value& value);

    const std::string& image_field() const { return fields_.image_field; }

    Result<void> require_picture() const;
    PictureFields finish();  // call last; returns what was read

private:
    Result<void> read_known(const Member& member, Value& value);
    Result<SharedText> read_string(const Member& member, Value& value);
    Result<void> read_image(const Member& member, Value& value);

    JsonReader& json_;
    const Limits& limits_;
    const std::string path_;
    JobFieldSet seen_;
    WarningList warnings_;
    PictureFields fields_;
};

}  // namespace vignette
