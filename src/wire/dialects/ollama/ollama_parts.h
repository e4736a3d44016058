// What Ollama's requests have in common. One thread.
#pragma once

#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"

namespace vignette {

Result<std::string> read_ollama_name(JsonReader& json, JsonReader::Value& value);  // of a model

// Pictures in base64; an address or a data URL is understood, too.
Result<void> read_ollama_images(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value,
    std::vector<PictureSource>& pictures
);

}  // namespace vignette
