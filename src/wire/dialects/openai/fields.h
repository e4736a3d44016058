// The fields of a request that OpenAI's APIs have in common, and how each is treated. One reader per request,
// one thread.
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/job.h"
#include "vignette/limits.h"
#include "wire/json/reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/option_fields.h"
#include "wire/request/warning_list.h"

namespace vignette {

enum class Use {
    own,  // the API's reader knows it
    model,
    stream,
    option,
    ignored,  // the answer is the same without it
    refused,  // unless its value is a default: false, 0, "", [], {}
};

struct ApiField {
    std::string_view name;
    Use use;
    Option option = {};
    std::int64_t least = 0;  // of a whole number
    std::int64_t most = whole_number_max;
    std::string_view remedy = {};  // instead of what is refused
};

class ApiFields {
public:
    using Value = JsonReader::Value;

    // `own`: of one API; they come before those that all have.
    ApiFields(JsonReader& json, const Limits& limits, std::span<const ApiField> own);

    // The field if its value is the caller's to read; null: nothing is left to do.
    Result<const ApiField*> read(std::string_view key, Value& value);

    CaptionOptions options;
    std::string model;  // empty: not named
    bool stream = false;
    std::vector<Warning> warnings() { return warnings_.finish(""); }

private:
    const ApiField* find(std::string_view key) const;
    Result<void> read_known(const ApiField& field, Value& value);
    Result<void> read_option_of(const ApiField& field, Value& value);
    Result<void> read_model(Value& value);

    JsonReader& json_;
    const Limits& limits_;
    const std::span<const ApiField> own_;
    std::bitset<128> seen_;
    WarningList warnings_;
};

// {"type": "text" | "json_object" | "json_schema", ...}: sets the schema that the answer must match. Chat's
// keeps it in an object of its own, Responses' beside the type.
Result<void> read_format(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value,
    CaptionOptions& options
);

}  // namespace vignette
