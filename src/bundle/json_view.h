// Reading a JSON file that may be broken or hostile: every question can fail, and the failure names the file,
// the key and what was there instead. Private to bundle/. A view looks into a document that must outlive it.
#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"

namespace vignette {

struct JsonSource {
    std::string file;    // as messages call it
    ErrorCode code{};    // of every error about it
    std::string remedy;  // "; export the bundle again"
};

// Parses a text that is one object. Nesting is bounded, and a key may occur only once in an object.
Result<nlohmann::json> parse_json_object(std::string_view text, const JsonSource& source);

// Names come from strangers: short and printable in messages.
std::string printable(std::string_view name);

class JsonView {
public:
    JsonView(const nlohmann::json& value, const JsonSource& source) : value_(&value), source_(&source) {}

    Result<JsonView> at(std::string_view key) const;  // a member that must exist
    bool has(std::string_view key) const;
    bool is_null() const;
    Result<std::vector<JsonView>> items() const;  // of an array
    Result<std::vector<std::pair<std::string, JsonView>>> members() const;

    Result<std::string> text(std::size_t bytes_max) const;
    Result<std::int64_t> whole(std::int64_t min, std::int64_t max) const;
    Result<double> number(double min, double max) const;
    Result<bool> boolean() const;
    std::string as_json() const;  // whatever it is

    std::unexpected<Error> wrong(std::string_view must) const;  // "must be …, not a string"
    std::unexpected<Error> refuse(std::string_view sentence) const;

private:
    JsonView(const nlohmann::json& value, const JsonSource& source, std::string path)
        : value_(&value), source_(&source), path_(std::move(path)) {}
    std::string place() const;

    const nlohmann::json* value_;
    const JsonSource* source_;
    std::string path_;  // "image.width"
};

}  // namespace vignette
