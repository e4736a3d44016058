#include "wire/request/batch_reader.h"

#include <optional>
#include <string_view>
#include <utility>

#include "wire/request/field_checks.h"
#include "wire/request/media.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

// After one of these the reader must stop.
bool spoils_request(const Error& error) {
    return error.code == ErrorCode::invalid_json || error.code == ErrorCode::out_of_memory;
}

// A picture of `images` that is an object.
class ItemReader {
public:
    ItemReader(JsonReader& json, const Limits& limits, const std::string& path)
        : json_(json), path_(path), fields_(json, limits, path) {}

    Result<BatchItem> read(Value& value) {
        TRY(json_.members(value, [this](std::string_view key, Value& inner) {
            return read_member(key, inner);
        }));
        BatchItem item{.id = std::move(id_), .fields = {}};
        if (!problem_) note(fields_.require_picture());
        if (problem_) {
            item.fields = std::unexpected(*std::move(problem_));
        } else {
            item.fields = fields_.finish();
        }
        return item;
    }

private:
    // The id is read even after an error, to say which item the error belongs to.
    Result<void> read_member(std::string_view key, Value& value) {
        const Result<void> outcome = key == "id" ? about(path_ + ".id", read_id(value))
                                     : problem_  ? json_.skip(value)
                                                 : read_field(key, value);
        if (outcome) return {};
        if (spoils_request(outcome.error())) return outcome;
        note(outcome);
        return json_.skip_unread(value);  // a value of the wrong type has not been read
    }

    Result<void> read_id(Value& value) {
        const std::string path = path_ + ".id";
        TRY(only_once(seen_id_, path));
        const std::optional<std::string> id = TRY(read_any_id(json_, path, value));
        if (!id) return {};
        TRY(check_name_length(path, *id));
        id_ = *id;
        return {};
    }

    Result<void> read_field(std::string_view key, Value& value) {
        const auto member = TRY(fields_.open(key, value));
        if (!member) return {};
        return fields_.read(*member, value);
    }

    void note(const Result<void>& outcome) {  // only the first error is reported
        if (!outcome && !problem_) problem_ = outcome.error();
    }

    JsonReader& json_;
    const std::string& path_;
    FieldReader fields_;
    std::string id_;
    bool seen_id_ = false;
    std::optional<Error> problem_;
};

BatchItem read_text_item(
    const std::string& path, const SharedText& text, const Limits& limits, MediaField field
) {
    BatchItem item;
    Result<PictureContent> image = read_media(path, text, limits, field);
    if (!image) {
        item.fields = std::unexpected(std::move(image).error());
        return item;
    }
    item.fields->image = *std::move(image);
    item.fields->image_field = path;
    return item;
}

class BatchReader {
public:
    BatchReader(JsonReader& json, const Limits& limits, const FieldReader::Member& member)
        : json_(json),
          limits_(limits),
          path_(member.path),
          takes_objects_(member.role == Role::images || member.role == Role::frames),
          holds_texts_(member.role == Role::texts),
          field_(
              member.role == Role::image_urls || member.role == Role::frame_urls ? MediaField::picture_url
                                                                                 : MediaField::picture
          ) {}

    Result<std::vector<BatchItem>> read(Value& value) {
        TRY(json_.elements(value, [this](Value& element) { return read_element(element); }));
        if (!items_.empty()) return std::move(items_);
        return fail(
            ErrorCode::missing_image,
            path_ + " is empty; put at least one \"data:image/jpeg;base64,...\" in it"
        );
    }

private:
    Result<void> read_element(Value& value) {
        if (items_.size() == limits_.batch_max) {
            return fail(
                ErrorCode::too_many_images, path_ + " holds more than " + std::to_string(limits_.batch_max) +
                                                " pictures; send the rest in another job"
            );
        }
        const std::string path = path_ + "[" + std::to_string(items_.size()) + "]";
        items_.push_back(TRY(read_item(path, value)));
        return {};
    }

    Result<BatchItem> read_item(const std::string& path, Value& value) {
        const JsonKind kind = TRY(about(path, json_.kind(value)));
        if (holds_texts_) return read_text(path, value);
        if (kind == JsonKind::string) return read_text_item(path, TRY(json_.string(value)), limits_, field_);
        if (kind == JsonKind::object && takes_objects_) return ItemReader(json_, limits_, path).read(value);
        TRY(json_.skip(value));
        BatchItem item;
        item.fields = wrong_type(path, takes_objects_ ? "a string or an object" : "a string", kind);
        return item;
    }

    Result<BatchItem> read_text(const std::string& path, Value& value) {
        BatchItem item;
        Result<std::string> text = read_text_value(json_, limits_, path, value);
        if (text) {
            item.fields->text = *std::move(text);
            return item;
        }
        if (spoils_request(text.error())) return std::unexpected(std::move(text).error());
        TRY(json_.skip_unread(value));
        item.fields = std::unexpected(std::move(text).error());
        return item;
    }

    JsonReader& json_;
    const Limits& limits_;
    const std::string& path_;
    const bool takes_objects_;
    const bool holds_texts_;
    const MediaField field_;
    std::vector<BatchItem> items_;
};

}  // namespace

Result<std::string> read_text_value(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value
) {
    const JsonKind kind = TRY(about(path, json.kind(value)));
    if (kind != JsonKind::string) return about(path, Result<std::string>(wrong_type(path, "a string", kind)));
    const SharedText text = TRY(json.string(value));
    if (text.view().size() <= limits.prompt_bytes_max) return std::string(text.view());
    return fail(
        ErrorCode::prompt_too_long,
        path + " has " + std::to_string(text.view().size()) + " bytes; shorten it to " +
            std::to_string(limits.prompt_bytes_max) + " or fewer",
        path
    );
}

Result<std::vector<BatchItem>> read_batch(
    JsonReader& json, const Limits& limits, const FieldReader::Member& member, Value& value
) {
    if (member.kind != JsonKind::array) {
        const bool texts = member.role == Role::texts;
        return wrong_type(member.path, texts ? "an array of strings" : "an array of pictures", member.kind);
    }
    return about(member.path, BatchReader(json, limits, member).read(value));
}

}  // namespace vignette
