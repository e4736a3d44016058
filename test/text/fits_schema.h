// Whether a JSON value fits a schema: a second opinion for the tests of Guide, for the keywords that they
// use.
#pragma once

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <regex>
#include <string>

namespace vignette::testing {

using nlohmann::json;

inline std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char byte) {
        return (byte & 0xC0) != 0x80;
    }));
}

inline bool has_type(const json& value, const json& type) {
    if (type.is_array())
        return std::ranges::any_of(type, [&](const json& one) { return has_type(value, one); });
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number();
    return type == value.type_name();
}

inline bool within(double size, const json& schema, const char* least, const char* most) {
    return size >= schema.value(least, size) && size <= schema.value(most, size);
}

inline bool fits(const json& value, const json& schema, const json& root);

inline bool fits_object(const json& value, const json& schema, const json& root) {
    const json properties = schema.value("properties", json::object());
    const json required = schema.value("required", json::array());
    if (!std::ranges::all_of(required, [&](const json& name) { return value.contains(name); })) return false;
    return std::ranges::all_of(value.items(), [&](const auto& member) {
        if (properties.contains(member.key())) return fits(member.value(), properties[member.key()], root);
        const json others = schema.value("additionalProperties", json(true));
        return others.is_boolean() ? others.get<bool>() : fits(member.value(), others, root);
    });
}

inline bool fits_alone(const json& value, const json& schema, const json& root) {
    if (value.is_object()) return fits_object(value, schema, root);
    if (value.is_number()) return within(value.get<double>(), schema, "minimum", "maximum");
    if (value.is_string()) {
        const auto text = value.get<std::string>();
        const std::regex pattern(schema.value("pattern", ""));
        return within(static_cast<double>(characters(text)), schema, "minLength", "maxLength") &&
               std::regex_search(text, pattern);
    }
    if (!value.is_array()) return true;
    const json items = schema.value("items", json::object());
    return within(static_cast<double>(value.size()), schema, "minItems", "maxItems") &&
           std::ranges::all_of(value, [&](const json& item) { return fits(item, items, root); });
}

inline bool fits(const json& value, const json& schema, const json& root) {
    if (schema.contains("$ref"))
        return fits(value, root.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), root);
    if (schema.contains("type") && !has_type(value, schema["type"])) return false;
    if (schema.contains("const") && value != schema["const"]) return false;
    if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
        return false;
    if (schema.contains("anyOf") &&
        std::ranges::none_of(schema["anyOf"], [&](const json& one) { return fits(value, one, root); }))
        return false;
    return fits_alone(value, schema, root);
}

// Whether `text` is a whole JSON text of the schema.
inline bool fits(const std::string& text, const json& schema) {
    const json value = json::parse(text, nullptr, false);
    return !value.is_discarded() && fits(value, schema, schema);
}

// Whether there is room between the parts of a JSON text.
inline bool has_blanks_between(const std::string& text) {
    bool is_inside = false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (is_inside && text[at] == '\\')
            ++at;
        else if (text[at] == '"')
            is_inside = !is_inside;
        else if (!is_inside && std::string(" \t\r\n").contains(text[at]))
            return true;
    }
    return false;
}

}  // namespace vignette::testing
