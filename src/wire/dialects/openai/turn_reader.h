// One message of a conversation, as OpenAI's APIs write it. Pure, for any thread.
#pragma once

#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"

namespace vignette {

struct ChatTurn {
    std::string path;
    std::string role;
    std::string text;
    std::vector<PictureSource> pictures;
};

// Errors name the message `path`.
Result<ChatTurn> read_turn(
    JsonReader& json, const Limits& limits, std::string path, JsonReader::Value& value
);

}  // namespace vignette
