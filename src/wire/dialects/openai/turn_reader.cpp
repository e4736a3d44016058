#include "wire/dialects/openai/turn_reader.h"

#include <optional>
#include <utility>

#include "wire/request/field_checks.h"
#include "wire/request/media.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

Result<std::string> read_word(JsonReader& json, const std::string& path, Value& value) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind == JsonKind::null) return std::string();
    if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
    const SharedText text = TRY(json.string(value));
    return std::string(text.view());
}

// One part of a message's content: a text or a picture. Its type may come last.
class PartReader {
public:
    PartReader(JsonReader& json, const Limits& limits, std::string path)
        : json_(json), limits_(limits), path_(std::move(path)) {}

    Result<void> read(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::object)
            return wrong_type(path_, R"(an object such as {"type": "text", "text": "..."})", kind);
        TRY(json_.members(value, [this](std::string_view key, Value& inner) {
            return read_member(key, inner);
        }));
        return check();
    }

    SharedText text;
    std::optional<PictureSource> picture;
    std::optional<PictureSource> film;
    bool is_coarse = false;

private:
    Result<void> read_member(std::string_view key, Value& value) {
        if (key == "type") {
            type_ = TRY(read_word(json_, path_ + ".type", value));
            return {};
        }
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        if (key == "text") {
            if (kind != JsonKind::string) return wrong_type(path_ + ".text", "a string", kind);
            text = TRY(json_.string(value));
            has_text_ = true;
            return {};
        }
        if (key == "image_url")
            return read_address(path_ + ".image_url", MediaField::picture_url, picture, kind, value);
        if (key == "video_url")
            return read_address(path_ + ".video_url", MediaField::film, film, kind, value);
        if (key == "detail") return read_detail(path_ + ".detail", value);
        if (key != "file_id") return json_.skip(value);
        return fail(
            ErrorCode::unsupported,
            path_ + ".file_id is not supported: no files are kept here; send the picture as \"image_url\"",
            path_ + ".file_id"
        );
    }

    // {"url": "...", "detail": "..."}, or only the text of the address.
    Result<void> read_address(
        const std::string& path, MediaField what, std::optional<PictureSource>& into, JsonKind kind,
        Value& value
    ) {
        const auto take = [&](const std::string& field, const SharedText& address) -> Result<void> {
            into = PictureSource{.field = field, .source = TRY(read_media(field, address, limits_, what))};
            return {};
        };
        if (kind == JsonKind::string) return take(path, TRY(json_.string(value)));
        if (kind != JsonKind::object)
            return wrong_type(path, R"(a string, or an object such as {"url": "https://..."})", kind);
        return json_.members(value, [&](std::string_view key, Value& inner) -> Result<void> {
            if (key == "detail") return read_detail(path + ".detail", inner);
            if (key != "url") return json_.skip(inner);
            const JsonKind url = TRY(json_.kind(inner));
            if (url != JsonKind::string) return wrong_type(path + ".url", "a string", url);
            return take(path + ".url", TRY(json_.string(inner)));
        });
    }

    // Only "low" means something: to models whose pictures may have fewer tokens.
    Result<void> read_detail(const std::string& path, Value& value) {
        const std::string detail = TRY(read_word(json_, path, value));
        is_coarse = detail == "low";
        if (detail.empty() || detail == "auto" || detail == "low" || detail == "high" || detail == "original")
            return {};
        return fail(ErrorCode::invalid_input, path + " must be auto, low, high or original", path);
    }

    Result<void> check() const {
        const bool names_text = type_ == "text" || type_ == "input_text" || type_ == "output_text";
        const bool names_picture = type_ == "image_url" || type_ == "input_image";
        if (type_ == "video_url" || (type_.empty() && film)) {
            if (film) return {};
            return fail(ErrorCode::invalid_input, path_ + ".video_url is missing", path_ + ".video_url");
        }
        if (!type_.empty() && !names_text && !names_picture) {
            return fail(
                ErrorCode::unsupported,
                path_ + ".type \"" + shown(type_) + "\" is not supported; send text and image_url parts",
                path_ + ".type"
            );
        }
        const bool is_picture = names_picture || (type_.empty() && picture);
        if (is_picture ? picture.has_value() : has_text_) return {};
        const std::string missing = path_ + (is_picture ? ".image_url" : ".text");
        return fail(ErrorCode::invalid_input, missing + " is missing", missing);
    }

    JsonReader& json_;
    const Limits& limits_;
    const std::string path_;
    std::string type_;
    bool has_text_ = false;
};

class TurnReader {
public:
    TurnReader(JsonReader& json, const Limits& limits, Turn& turn)
        : json_(json), limits_(limits), turn_(turn) {}

    Result<void> read(Value& message) {
        TRY(json_.members(message, [this](std::string_view key, Value& inner) {
            return read_member(key, inner);
        }));
        return has_role_ ? Result<void>() : refuse_role("");
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        if (key == "role") return read_role(TRY(read_word(json_, turn_.path + ".role", value)));
        if (key == "content") return read_content(value);
        if (key == "type") {
            const std::string type = TRY(read_word(json_, turn_.path + ".type", value));
            if (type.empty() || type == "message") return {};
            return fail(
                ErrorCode::unsupported,
                turn_.path + " is a \"" + shown(type) + "\", which is not supported; send messages only",
                turn_.path + ".type"
            );
        }
        if (key != "tool_calls" && key != "function_call" && key != "audio") return json_.skip(value);
        const std::string path = turn_.path + "." + std::string(key);
        return refuse_field(json_, path, "a captioner calls no tools; leave it out", value);
    }

    Result<void> read_role(const std::string& role) {
        has_role_ = true;
        if (role == "system" || role == "developer") {
            turn_.speaker = Speaker::system;
        } else if (role == "assistant") {
            turn_.speaker = Speaker::assistant;
        } else if (role == "user") {
            turn_.speaker = Speaker::user;
        } else {
            return refuse_role(role);
        }
        return {};
    }

    Result<void> refuse_role(const std::string& role) const {
        const bool is_known = role == "tool" || role == "function";
        return fail(
            is_known ? ErrorCode::unsupported : ErrorCode::invalid_input,
            turn_.path + ".role must be system, developer, user or assistant" +
                (role.empty() ? "" : ", not \"" + shown(role) + "\""),
            turn_.path + ".role"
        );
    }

    Result<void> read_content(Value& value) {
        const std::string path = turn_.path + ".content";
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        if (kind == JsonKind::string)
            return add_text(turn_.text, TRY(json_.string(value)).view(), path, limits_);
        if (kind != JsonKind::array) return wrong_type(path, "a string or an array of parts", kind);
        std::size_t index = 0;
        return json_.elements(value, [&](Value& element) -> Result<void> {
            PartReader part(json_, limits_, path + "[" + std::to_string(index++) + "]");
            TRY(part.read(element));
            if (part.film) return set_film(*std::move(part.film));
            if (part.picture && part.is_coarse) ++turn_.coarse;
            if (part.picture) return add_picture(*std::move(part.picture));
            return add_text(turn_.text, part.text.view(), path, limits_);
        });
    }

    Result<void> set_film(PictureSource film) {
        if (turn_.film)
            return fail(ErrorCode::unsupported, "only one film can be asked about; send one", film.field);
        turn_.film = std::move(film);
        return {};
    }

    Result<void> add_picture(PictureSource picture) {
        if (turn_.pictures.size() == limits_.batch_max) {
            return fail(
                ErrorCode::too_many_images,
                turn_.path + " has more than " + std::to_string(limits_.batch_max) + " pictures; send fewer",
                turn_.path
            );
        }
        turn_.pictures.push_back(std::move(picture));
        return {};
    }

    JsonReader& json_;
    const Limits& limits_;
    Turn& turn_;
    bool has_role_ = false;
};

}  // namespace

Result<void> read_openai_turn(JsonReader& json, const Limits& limits, Turn& turn, Value& message) {
    return TurnReader(json, limits, turn).read(message);
}

}  // namespace vignette
