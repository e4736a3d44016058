#include "wire/dialects/anthropic/anthropic_content.h"

#include <utility>

#include "wire/request/batch_reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/media.h"

namespace vignette {

Result<std::string> read_anthropic_word(JsonReader& json, const std::string& path, JsonReader::Value& value) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
    return std::string(TRY(json.string(value)).view());
}

Result<void> AnthropicContent::read(Turn& turn, const std::string& path, Value& value, JsonKind kind) {
    if (kind == JsonKind::string) {
        return add_text(turn.text, TRY(json_.string(value)).view(), path, limits_);
    }
    if (kind != JsonKind::array) return wrong_type(path, "a string or an array of blocks", kind);
    std::size_t index = 0;
    return json_.elements(value, [&](Value& element) -> Result<void> {
        const std::string one = path + "[" + std::to_string(index++) + "]";
        const JsonKind inner = TRY(json_.kind(element));
        if (inner != JsonKind::object) return wrong_type(one, "a block, which is an object", inner);
        Block block;
        TRY(json_.members(element, [&](std::string_view key, Value& field) {
            return read_block(block, one, key, field);
        }));
        return add_block(turn, one, block);
    });
}

Result<void> AnthropicContent::read_block(
    Block& block, const std::string& path, std::string_view key, Value& value
) {
    if (key == "type") {
        block.type = TRY(read_anthropic_word(json_, path + ".type", value));
        return {};
    }
    if (key == "text") {
        block.text = TRY(read_text_value(json_, limits_, path + ".text", value));
        return {};
    }
    if (key != "source" || TRY(json_.kind(value)) != JsonKind::object) return json_.skip(value);
    block.has_source = true;
    return json_.members(value, [&](std::string_view name, Value& inner) {
        return read_source(block.source, path + ".source", name, inner);
    });
}

Result<void> AnthropicContent::read_source(
    SourceFields& source, const std::string& path, std::string_view key, Value& value
) {
    if (key != "type" && key != "data" && key != "url") return json_.skip(value);
    const std::string name = path + "." + std::string(key);
    const JsonKind kind = TRY(json_.kind(value));
    if (kind != JsonKind::string) return wrong_type(name, "a string", kind);
    const SharedText text = TRY(json_.string(value));
    if (key == "type") source.type = text.view();
    if (key == "data") source.data = text;
    if (key == "url") source.url = text;
    source.has_data = source.has_data || key == "data";
    source.has_url = source.has_url || key == "url";
    return {};
}

Result<void> AnthropicContent::add_block(Turn& turn, const std::string& path, const Block& block) const {
    if (block.type == "text") return add_text(turn.text, block.text, path, limits_);
    if (block.type == "image" && turn.speaker != Speaker::system)
        return add_picture(turn, path + ".source", block);
    return fail(
        ErrorCode::unsupported,
        "a block of the type \"" + block.type.substr(0, 64) +
            "\" is not supported here; send text and, in messages, image blocks",
        path
    );
}

Result<void> AnthropicContent::add_picture(Turn& turn, const std::string& path, const Block& block) const {
    const SourceFields& source = block.source;
    if (source.type == "base64" && source.has_data) {
        const std::string field = path + ".data";
        turn.pictures.push_back({field, TRY(read_media(field, source.data, limits_))});
    } else if (source.type == "url" && source.has_url) {
        const std::string field = path + ".url";
        turn.pictures.push_back({field, TRY(read_media(field, source.url, limits_, MediaField::picture_url))}
        );
    } else if (source.type == "file") {
        return fail(ErrorCode::unsupported, "no files are kept here; send the picture as base64", path);
    } else {
        return fail(
            ErrorCode::invalid_input,
            R"(must be {"type": "base64", "media_type": "image/jpeg", "data": "..."} or )"
            R"({"type": "url", "url": "https://..."})",
            path
        );
    }
    return {};
}

}  // namespace vignette
