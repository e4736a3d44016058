// Reads the items of a batch: the pictures of `data_urls`, `images` and `frames`, or `texts`. Broken JSON
// fails the whole request; any other error fails only its own item.
#pragma once

#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/request/field_reader.h"

namespace vignette {

struct BatchItem {
    std::string id;  // set by the client
    Result<PictureFields> fields;
};

// `member` is the field that holds the list, `value` its value. Returns 1 to Limits::batch_max items, in
// order.
Result<std::vector<BatchItem>> read_batch(
    JsonReader& json, const Limits& limits, const FieldReader::Member& member, JsonReader::Value& value
);

// A text to embed, of limited length.
Result<std::string> read_text_value(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value
);

}  // namespace vignette
