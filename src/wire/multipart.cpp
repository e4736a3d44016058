#include "wire/multipart.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/percent.h"
#include "core/utf8.h"
#include "wire/strings.h"

namespace vignette {
namespace {

constexpr std::string_view line_end = "\r\n";

std::unexpected<Error> bad_form(std::string message) {
    return fail(ErrorCode::invalid_input, "the form is broken: " + std::move(message));
}

// Linear, whatever the bytes are: std::string_view::find is not, in a body full of almost-boundaries.
std::size_t find_bytes(std::string_view text, std::string_view wanted) {
    const void* const found = memmem(text.data(), text.size(), wanted.data(), wanted.size());
    if (found == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// One `; name=value` or `; name="value"` of a header's value.
struct Parameter {
    std::string name;
    std::string value;
};

// In quotes only \" is an escape: a Windows path keeps its backslashes, as browsers send them.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string value;
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] == '"') {
            rest.remove_prefix(at + 1);
            return value;
        }
        if (rest.substr(at, 2) == "\\\"") ++at;
        value += rest[at];
    }
    return std::nullopt;
}

std::string take_word(std::string_view& rest) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    const std::string word(trim(rest.substr(0, end)));
    rest.remove_prefix(end);
    return word;
}

// The parameters behind a header's first word; nullopt if they are not well-formed.
std::optional<std::vector<Parameter>> parameters_of(std::string_view value) {
    std::vector<Parameter> list;
    std::string_view rest = value.substr(std::min(value.find(';'), value.size()));
    while (!(rest = trim(rest)).empty()) {
        if (!rest.starts_with(';')) return std::nullopt;
        rest = trim(rest.substr(1));
        if (rest.empty()) break;  // a semicolon at the end is harmless
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) return std::nullopt;
        Parameter one{.name = ascii_lower(trim(rest.substr(0, equals))), .value = {}};
        rest = trim(rest.substr(equals + 1));
        if (!rest.starts_with('"')) {
            one.value = take_word(rest);
        } else if (auto quoted = take_quoted(rest)) {
            one.value = *std::move(quoted);
        } else {
            return std::nullopt;
        }
        list.push_back(std::move(one));
    }
    return list;
}

bool is_type(std::string_view value, std::string_view type) {
    return ascii_lower(trim(value.substr(0, value.find(';')))) == type;
}

bool is_boundary(std::string_view text) {  // RFC 2046
    constexpr std::string_view others = "'()+_,-./:=? ";
    const auto allowed = [&](char c) { return is_ascii_alphanumeric(c) || others.contains(c); };
    return !text.empty() && text.size() <= 70 && !text.ends_with(' ') && std::ranges::all_of(text, allowed);
}

Result<std::string> boundary_of(std::string_view content_type) {
    if (!is_type(content_type, "multipart/form-data")) {
        return fail(
            ErrorCode::invalid_input,
            "this route takes a form: send Content-Type: multipart/form-data with its boundary, as HTTP "
            "libraries do by themselves"
        );
    }
    const auto parameters = parameters_of(content_type);
    if (!parameters) return bad_form("Content-Type is not well-formed");
    const auto found = std::ranges::find(*parameters, "boundary", &Parameter::name);
    if (found == parameters->end() || !is_boundary(found->value))
        return bad_form("Content-Type has no boundary of 1 to 70 characters; let the HTTP library set it");
    return found->value;
}

// RFC 5987's `utf-8''na%C3%AFve.jpg`, as some clients write names that are not ASCII.
std::optional<std::string> extended_value(std::string_view text) {
    constexpr std::string_view charset = "utf-8'";
    if (!starts_with_scheme(text, charset)) return std::nullopt;
    const std::size_t quote = text.find('\'', charset.size());
    if (quote == std::string_view::npos) return std::nullopt;
    return percent_decode(text.substr(quote + 1));
}

class MultipartReader {
public:
    MultipartReader(std::string_view boundary, const SharedText& body, const FormLimits& limits)
        : delimiter_("\r\n--" + std::string(boundary)), body_(body), limits_(limits), rest_(body.view()) {}

    Result<std::vector<FormPart>> read() {
        const std::string_view first = std::string_view(delimiter_).substr(line_end.size());
        if (!rest_.starts_with(first)) return bad_form("it does not begin with its boundary");
        rest_.remove_prefix(first.size());
        while (TRY(another_part())) {
            if (parts_.size() == limits_.parts_max) {
                return fail(
                    ErrorCode::too_large, "the form has more than " + std::to_string(limits_.parts_max) +
                                              " parts; send the rest in another request"
                );
            }
            parts_.push_back(TRY(read_part()));
        }
        return std::move(parts_);
    }

private:
    // Behind a boundary: the line's end and a part, or -- and the end of all.
    Result<bool> another_part() {
        if (rest_.starts_with("--")) {
            rest_.remove_prefix(2);
            if (rest_.empty() || rest_ == line_end) return false;
            return bad_form("something follows its last boundary");
        }
        rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
        if (!rest_.starts_with(line_end)) return bad_form("a boundary has no end of its line");
        rest_.remove_prefix(line_end.size());
        return true;
    }

    Result<FormPart> read_part() {
        FormPart part;
        TRY(read_headers(part));
        const std::size_t end = find_bytes(rest_, delimiter_);
        if (end == std::string_view::npos)
            return bad_form("its last boundary is missing; the body was cut off");
        part.content = body_.part(rest_.substr(0, end));
        rest_.remove_prefix(end + delimiter_.size());
        return part;
    }

    Result<void> read_headers(FormPart& part) {
        const std::string_view window = rest_.substr(0, limits_.header_bytes_max);
        std::size_t used = 0;
        bool named = false;
        while (true) {
            const std::size_t bytes = window.substr(used).find(line_end);
            if (bytes == std::string_view::npos) {
                if (window.size() == rest_.size()) return bad_form("a part's header never ends");
                return fail(
                    ErrorCode::too_large,
                    "a part's header is longer than " + std::to_string(limits_.header_bytes_max) + " bytes"
                );
            }
            const std::string_view line = window.substr(used, bytes);
            used += bytes + line_end.size();
            if (line.empty()) break;
            named = TRY(read_header(line, part)) || named;
        }
        if (!named) return bad_form("a part has no Content-Disposition: form-data with a name");
        rest_.remove_prefix(used);
        return {};
    }

    // True if it was the one with the part's name.
    static Result<bool> read_header(std::string_view line, FormPart& part) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos || colon == 0) return bad_form("a part's header has no colon");
        const std::string name = ascii_lower(line.substr(0, colon));
        const std::string_view value = trim(line.substr(colon + 1));
        if (name == "content-disposition") return read_disposition(value, part);
        if (name == "content-type") {
            part.content_type = valid_utf8(value);
            if (!ascii_lower(value).starts_with("multipart/")) return false;
            return fail(ErrorCode::unsupported, "a form inside a form; send each file as a part of its own");
        }
        if (name == "content-transfer-encoding") TRY(check_encoding(value));
        return false;
    }

    static Result<void> check_encoding(std::string_view value) {
        const std::string encoding = ascii_lower(value);
        if (encoding == "binary" || encoding == "8bit" || encoding == "7bit") return {};
        return fail(
            ErrorCode::unsupported, "a part is encoded as " + shown(valid_utf8(encoding)) +
                                        "; send its bytes as they are, without Content-Transfer-Encoding"
        );
    }

    static Result<bool> read_disposition(std::string_view value, FormPart& part) {
        const auto parameters = parameters_of(value);
        if (!is_type(value, "form-data") || !parameters)
            return bad_form("a part's Content-Disposition is not well-formed");
        bool named = false;
        for (const Parameter& one : *parameters) {
            if (one.name == "name") {
                if (std::exchange(named, true)) return bad_form("a part has two names");
                part.name = valid_utf8(one.value);
            } else if (one.name == "filename" && part.filename.empty()) {
                part.filename = valid_utf8(one.value);
            } else if (one.name == "filename*") {
                if (const auto decoded = extended_value(one.value)) part.filename = valid_utf8(*decoded);
            }
        }
        return named;
    }

    const std::string delimiter_;
    const SharedText& body_;
    const FormLimits& limits_;
    std::string_view rest_;
    std::vector<FormPart> parts_;
};

}  // namespace

Result<std::vector<FormPart>> read_multipart(
    std::string_view content_type, const SharedText& body, const FormLimits& limits
) {
    const std::string boundary = TRY(boundary_of(content_type));
    return MultipartReader(boundary, body, limits).read();
}

Result<PictureSource> picture_of(const FormPart& part, std::string field, const Limits& limits) {
    const std::string_view content = part.content.view();
    if (content.empty())
        return fail(ErrorCode::empty_image, field + " is empty; send the file's bytes", field);
    if (content.size() > limits.picture_bytes_max) {
        return fail(
            ErrorCode::too_large,
            field + " has " + std::to_string(content.size()) + " bytes; send at most " +
                std::to_string(limits.picture_bytes_max),
            field
        );
    }
    const auto* const begin = reinterpret_cast<const std::byte*>(content.data());
    return PictureSource{
        .field = std::move(field), .source = EncodedPicture{Bytes(begin, begin + content.size())}
    };
}

}  // namespace vignette
