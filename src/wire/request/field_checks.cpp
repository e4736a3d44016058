#include "wire/request/field_checks.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace vignette {

std::optional<std::int64_t> whole_number(std::string_view token) {
    double number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    if (error != std::errc{} || end != token.data() + token.size()) return std::nullopt;
    if (!(number >= 0 && number <= static_cast<double>(whole_number_max))) return std::nullopt;
    if (number != std::trunc(number)) return std::nullopt;
    return static_cast<std::int64_t>(number);
}

double real_number(std::string_view token) {
    double number = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), number);
    const bool whole = error == std::errc{} && end == token.data() + token.size();
    return whole ? number : std::numeric_limits<double>::infinity();
}

std::unexpected<Error> wrong_type(std::string_view path, std::string_view wanted, JsonKind got) {
    return fail(
        ErrorCode::invalid_input,
        std::string(path) + " must be " + std::string(wanted) + ", not " + std::string(with_article(got)),
        std::string(path)
    );
}

Result<void> check_name_length(std::string_view path, std::string_view name) {
    constexpr std::size_t name_bytes_max = 512;
    if (name.size() <= name_bytes_max) return {};
    return fail(
        ErrorCode::invalid_input,
        std::string(path) + " has " + std::to_string(name.size()) + " bytes; shorten it to " +
            std::to_string(name_bytes_max) + " or fewer",
        std::string(path)
    );
}

Result<bool> read_boolean(JsonReader& json, std::string_view path, JsonReader::Value& value) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind != JsonKind::boolean) return wrong_type(path, "true or false", kind);
    return json.token(value) == "true";
}

Result<std::optional<std::string>> read_any_id(
    JsonReader& json, std::string_view path, JsonReader::Value& value
) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind == JsonKind::null) return std::nullopt;
    if (kind == JsonKind::number) return std::string(json.token(value));
    if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
    const SharedText id = TRY(json.string(value));
    if (id.view().empty()) return std::nullopt;
    return std::string(id.view());
}

std::unexpected<Error> cannot_be_combined(std::string_view first_path, std::string_view second_path) {
    return fail(
        ErrorCode::too_many_images,
        std::string(first_path) + " and " + std::string(second_path) +
            " cannot be combined; send only one of them",
        std::string(second_path)
    );
}

Result<void> only_once(bool& seen, std::string_view path) {
    if (!std::exchange(seen, true)) return {};
    return fail(
        ErrorCode::invalid_input, std::string(path) + " appears twice; send it once", std::string(path)
    );
}

}  // namespace vignette
