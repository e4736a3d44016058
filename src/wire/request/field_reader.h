// Reads the fields that the input of a job and one picture of a batch have in common. One for each object,
// one thread.
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
    std::string image_field;  // empty: there is no picture
    PictureContent image;
    std::optional<std::string> text;  // to be embedded, instead of a picture
    CaptionOptions options;
    JobFieldSet given;  // not null: an item may take back what the job asks for
    std::vector<Warning> warnings;
};

// The options of one picture: its own, and those of its job about which it says nothing.
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

    // Empty where there is nothing left to read: the field is null, or it is unknown, which is a warning.
    Result<std::optional<Member>> open(std::string_view key, Value& value);

    // The member that open() gave; an error names its field.
    Result<void> read(const Member& member, Value& value);

    const std::string& image_field() const { return fields_.image_field; }

    Result<void> require_picture() const;
    PictureFields finish();  // last: what was read

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
