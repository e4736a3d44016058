#include "wire/json/reader.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "core/ascii.h"
#include "core/utf8.h"
#include "vignette/invariant.h"
#include "wire/strings.h"

namespace vignette {
namespace {

constexpr std::string_view decimal_digits = "0123456789";

// simdjson reads up to 64 bytes past the end. Reserving here is free if whoever received the text already did
// so.
std::string with_padding(std::string text) {
    text.reserve(text.size() + simdjson::SIMDJSON_PADDING);
    return text;
}

struct Reason {
    simdjson::error_code code;
    std::string_view words;
};
constexpr std::array reasons{
    Reason{
        simdjson::EMPTY, R"(the text is empty; send {"input": {"data_url": "data:image/jpeg;base64,..."}})"
    },
    Reason{simdjson::UTF8_ERROR, "it is not valid UTF-8; encode the text as UTF-8 before sending it"},
    Reason{simdjson::UNESCAPED_CHARS, R"(a string holds a raw control character; write a line break as \n)"},
    Reason{
        simdjson::UNCLOSED_STRING, "a string never ends; the text was cut off, or a double quote is missing"
    },
    Reason{
        simdjson::STRING_ERROR, R"(bad escape in a string; write \\ for a backslash and \u with four digits)"
    },
    Reason{
        simdjson::INCOMPLETE_ARRAY_OR_OBJECT,
        "it must end with the } that closes its first {; it was cut off, or something follows it"
    },
    Reason{
        simdjson::TAPE_ERROR,
        "expected a comma, a colon, a closing bracket or a key in double quotes here, and no trailing comma"
    },
};

std::string_view in_words(simdjson::error_code code) {
    const auto* const found = std::ranges::find(reasons, code, &Reason::code);
    return found != reasons.end() ? found->words : simdjson::error_message(code);
}

std::unexpected<Error> broken_somewhere(simdjson::error_code code) {
    if (code == simdjson::MEMALLOC)
        return fail(ErrorCode::out_of_memory, "not enough memory to read the job; try again");
    return fail(ErrorCode::invalid_json, "bad JSON: " + std::string(in_words(code)));
}

bool take_digits(std::string_view& rest) {
    const std::size_t count = std::min(rest.find_first_not_of(decimal_digits), rest.size());
    rest.remove_prefix(count);
    return count > 0;
}

bool take_any(std::string_view& rest, std::string_view letters) {
    if (rest.empty() || letters.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
}

// JSON's own grammar, without 040, .5, +1 and 0x10.
bool is_number(std::string_view token) {
    take_any(token, "-");
    if (!take_any(token, "0") && !take_digits(token)) return false;
    if (take_any(token, ".") && !take_digits(token)) return false;
    if (take_any(token, "eE")) {
        take_any(token, "+-");
        if (!take_digits(token)) return false;
    }
    return token.empty();
}

bool is_string(std::string_view token) {
    return token.size() >= 2 && token.front() == '"' && token.back() == '"';
}

bool has_escapes(std::string_view token) { return std::memchr(token.data(), '\\', token.size()) != nullptr; }

std::string_view excerpt(std::string_view rest) {
    constexpr std::size_t bytes_max = 24;
    rest = rest.substr(0, rest.find_first_of("\r\n"));
    std::size_t end = std::min(rest.size(), bytes_max);
    while (end > 0 && end < rest.size() && (static_cast<unsigned char>(rest[end]) & 0xC0) == 0x80) --end;
    return rest.substr(0, end);
}

}  // namespace

std::string_view with_article(JsonKind kind) {
    switch (kind) {
        case JsonKind::null: return "null";
        case JsonKind::boolean: return "a boolean";
        case JsonKind::number: return "a number";
        case JsonKind::string: return "a string";
        case JsonKind::array: return "an array";
        case JsonKind::object: return "an object";
    }
    panic("JsonKind out of range");
}

PaddedText::PaddedText(std::string text) : text_(with_padding(std::move(text))) {}

JsonReader::JsonReader(const PaddedText& text, int depth_max) : text_(text.shared()), depth_max_(depth_max) {}

Result<simdjson::ondemand::object> JsonReader::open() {
    std::string_view text = text_.view();
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    const std::size_t allocated = text.size() + simdjson::SIMDJSON_PADDING;
    if (const auto code = parser_.iterate(text.data(), text.size(), allocated).get(document_)) {
        return broken_somewhere(code);
    }

    const std::string_view rest = text.substr(std::min(text.find_first_not_of(white_space), text.size()));
    if (!rest.starts_with('{'))
        return broken(R"(a job must be an object like {"input": {"data_url": "..."}})", rest);
    return checked(document_.get_object());
}

Result<void> JsonReader::close() {
    const char* rest = nullptr;
    if (document_.current_location().get(rest) == simdjson::OUT_OF_BOUNDS) return {};
    const std::string_view text = text_.view();
    return broken(
        "something follows the end of the object; send one object and nothing else",
        text.substr(static_cast<std::size_t>(rest - text.data()))
    );
}

Result<void> JsonReader::enter() {
    if (++depth_ <= depth_max_) return {};
    return fail(
        ErrorCode::invalid_json, "the JSON is nested deeper than " + std::to_string(depth_max_) +
                                     " levels; a job needs two: {\"input\": {...}}"
    );
}

std::string_view JsonReader::token(Value& value) const {
    const std::string_view raw = value.raw_json_token();  // includes the white space up to the next token
    return raw.substr(0, raw.find_last_not_of(white_space) + 1);
}

Result<JsonKind> JsonReader::kind(Value& value) {
    const std::string_view text = token(value);
    if (text.starts_with('{')) return JsonKind::object;
    if (text.starts_with('[')) return JsonKind::array;
    if (is_string(text)) return JsonKind::string;
    if (text == "null") return JsonKind::null;
    if (text == "true" || text == "false") return JsonKind::boolean;
    if (is_number(text)) return JsonKind::number;
    return broken(
        R"(this is not a JSON value; write a number, true, false, null or a string in "double quotes")", text
    );
}

Result<SharedText> JsonReader::string(Value& value) {
    const std::string_view quoted = token(value);
    ASSERT(is_string(quoted));  // as kind() found
    last_read_ = quoted.data();
    if (!has_escapes(quoted)) {
        TRY(checked(value.get_raw_json_string()));  // moves past it
        return text_.part(quoted.substr(1, quoted.size() - 2));
    }
    std::string_view unescaped;
    if (const auto code = value.get_string().get(unescaped)) return broken(in_words(code), quoted);
    return SharedText(std::string(unescaped));
}

Result<std::string_view> JsonReader::raw(Value& value) {
    const char* const begin = token(value).data();
    TRY(skip(value));
    const char* end = nullptr;  // the next token
    if (const auto code = document_.current_location().get(end)) return broken(code);
    const std::string_view text(begin, static_cast<std::size_t>(end - begin));
    return text.substr(0, text.find_last_not_of(white_space) + 1);
}

Result<void> JsonReader::skip(Value& value) {
    switch (TRY(kind(value))) {
        case JsonKind::object:
            return members(value, [this](std::string_view, Value& inner) { return skip(inner); });
        case JsonKind::array: return elements(value, [this](Value& inner) { return skip(inner); });
        case JsonKind::string: TRY(string(value)); return {};
        case JsonKind::null:
        case JsonKind::boolean:
        case JsonKind::number: return {};  // simdjson skips what was not read
    }
    panic("JsonKind out of range");
}

Result<void> JsonReader::skip_unread(Value& value) {
    if (token(value).data() == last_read_) return {};
    return skip(value);
}

std::unexpected<Error> JsonReader::broken(simdjson::error_code code) {
    const char* where = nullptr;
    const std::string_view text = text_.view();
    const bool placed = code != simdjson::INCOMPLETE_ARRAY_OR_OBJECT &&
                        document_.current_location().get(where) == simdjson::SUCCESS &&
                        where >= text.data() && where <= text.data() + text.size();
    if (!placed) return broken_somewhere(code);
    return broken(in_words(code), text.substr(static_cast<std::size_t>(where - text.data())));
}

std::unexpected<Error> JsonReader::broken(std::string_view reason, std::string_view rest) const {
    const auto offset = static_cast<std::size_t>(rest.data() - text_.view().data());
    std::string message = "bad JSON at byte " + std::to_string(offset);
    // Not yet known to be UTF-8: on old processors simdjson only looks at what is read.
    const std::string near = valid_utf8(excerpt(rest));
    if (!near.empty()) message += ", near '" + shown(near) + "'";
    return fail(ErrorCode::invalid_json, message + ": " + std::string(reason));
}

}  // namespace vignette
