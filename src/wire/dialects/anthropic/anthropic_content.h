// The content of Anthropic's messages: a text, or blocks of text and pictures. One thread.
#pragma once

#include <string>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/dialects/turns.h"
#include "wire/json/reader.h"

namespace vignette {

Result<std::string> read_anthropic_word(JsonReader& json, const std::string& path, JsonReader::Value& value);

class AnthropicContent {
public:
    AnthropicContent(JsonReader& json, const Limits& limits) : json_(json), limits_(limits) {}

    // Adds it to the turn.
    Result<void> read(Turn& turn, const std::string& path, JsonReader::Value& value, JsonKind kind);

private:
    using Value = JsonReader::Value;

    // A picture's "source".
    struct SourceFields {
        std::string type;
        SharedText data;
        SharedText url;
        bool has_data = false;
        bool has_url = false;
    };

    // A block's fields come in any order, so they are judged once all are known.
    struct Block {
        std::string type;
        std::string text;
        SourceFields source;
        bool has_source = false;
    };

    Result<void> read_block(Block& block, const std::string& path, std::string_view key, Value& value);
    Result<void> read_source(
        SourceFields& source, const std::string& path, std::string_view key, Value& value
    );
    Result<void> add_block(Turn& turn, const std::string& path, const Block& block) const;
    Result<void> add_picture(Turn& turn, const std::string& path, const Block& block) const;

    JsonReader& json_;
    const Limits& limits_;
};

}  // namespace vignette
