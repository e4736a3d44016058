// Reads the parts of a batch: the pictures of `data_urls`, `images` and `frames`, or `texts`. Broken JSON
// spoils the whole request; anything else that is wrong with a part spoils that part only.
#pragma once

#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/limits.h"
#include "wire/request/field_reader.h"

namespace vignette {

struct BatchItem {
    std::string id;  // the client's own
    Result<PictureFields> fields;
};

// `member` is the field that holds the list, `value` its value. One to Limits::batch_max items, in order.
Result<std::vector<BatchItem>> read_batch(
    JsonReader& json, const Limits& limits, const FieldReader::Member& member, JsonReader::Value& value
);

// A text to be embedded, bounded.
Result<std::string> read_text_value(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value
);

}  // namespace vignette
