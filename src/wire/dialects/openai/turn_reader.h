// One message of a conversation, as OpenAI's APIs write it. Pure, for any thread.
#pragma once

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/dialects/turns.h"
#include "wire/json/reader.h"

namespace vignette {

// Adds the message to the turn, whose path is known.
Result<void> read_openai_turn(JsonReader& json, const Limits& limits, Turn& turn, JsonReader::Value& message);

}  // namespace vignette
