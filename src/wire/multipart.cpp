#include "wire/multipart.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "core/ascii.h"
#include "core/percent.h"
#include "core/utf8.h"
#include "vignette/invariant.h"
#include "wire/strings.h"

namespace vignette {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view no_line_end = "a boundary has no end of its line";

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

Result<void> check_encoding(std::string_view value) {
    const std::string encoding = ascii_lower(value);
    if (encoding == "binary" || encoding == "8bit" || encoding == "7bit") return {};
    return fail(
        ErrorCode::unsupported, "a part is encoded as " + shown(valid_utf8(encoding)) +
                                    "; send its bytes as they are, without Content-Transfer-Encoding"
    );
}

Result<bool> read_disposition(std::string_view value, FormPart& part) {
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

// True if it was the one with the part's name.
Result<bool> read_header(std::string_view line, FormPart& part) {
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

}  // namespace

Result<FormReader> FormReader::make(std::string_view content_type, const FormLimits& limits) {
    return FormReader(TRY(boundary_of(content_type)), limits);
}

void FormReader::add(std::string_view piece) {
    if (at_ > text_.size() / 2) {  // so that each byte is moved once or twice
        text_.erase(0, at_);
        at_ = 0;
    }
    text_.append(piece);
}

void FormReader::add_whole(SharedText body) {
    body_ = std::move(body);
    finish();
}

Result<std::optional<FormPart>> FormReader::next() {
    while (true) {
        const bool in_content = state_ == State::content;
        if (TRY(step()) == Step::needs_more) return std::nullopt;
        if (in_content) return std::exchange(part_, {});
    }
}

Result<FormReader::Step> FormReader::step() {
    switch (state_) {
        case State::first_boundary: return read_first_boundary();
        case State::behind_boundary: return read_behind_boundary();
        case State::line_end: return read_line_end();
        case State::headers: return read_headers();
        case State::content: return read_content();
        case State::end: return check_end();
    }
    panic("FormReader::State out of range");
}

Result<FormReader::Step> FormReader::more_or(std::string_view complaint) const {
    if (whole_) return bad_form(std::string(complaint));
    return Step::needs_more;
}

Result<FormReader::Step> FormReader::read_first_boundary() {
    constexpr std::string_view complaint = "it does not begin with its boundary";
    const std::string_view rest = this->rest();
    const std::string_view first = std::string_view(delimiter_).substr(line_end.size());
    if (rest.size() < first.size() && first.starts_with(rest)) return more_or(complaint);
    if (!rest.starts_with(first)) return bad_form(std::string(complaint));
    at_ += first.size();
    state_ = State::behind_boundary;
    return Step::done;
}

// The line's end and a part, or -- and the end of all.
Result<FormReader::Step> FormReader::read_behind_boundary() {
    constexpr std::string_view last = "--";
    const std::string_view rest = this->rest();
    if (rest.size() < last.size() && last.starts_with(rest)) return more_or(no_line_end);
    if (rest.starts_with(last)) at_ += last.size();
    state_ = rest.starts_with(last) ? State::end : State::line_end;
    return Step::done;
}

Result<FormReader::Step> FormReader::read_line_end() {
    std::string_view rest = this->rest();
    const std::size_t spaces = std::min(rest.find_first_not_of(" \t"), rest.size());
    at_ += spaces;
    rest.remove_prefix(spaces);
    if (rest.size() < line_end.size() && line_end.starts_with(rest)) return more_or(no_line_end);
    if (!rest.starts_with(line_end)) return bad_form(std::string(no_line_end));
    if (parts_++ == limits_.parts_max) {
        return fail(
            ErrorCode::too_large, "the form has more than " + std::to_string(limits_.parts_max) +
                                      " parts; send the rest in another request"
        );
    }
    at_ += line_end.size();
    state_ = State::headers;
    return Step::done;
}

Result<FormReader::Step> FormReader::read_headers() {
    const std::string_view rest = this->rest();
    const std::string_view window = rest.substr(0, limits_.header_bytes_max);
    FormPart part;
    std::size_t used = 0;
    bool named = false;
    while (true) {
        const std::size_t bytes = window.substr(used).find(line_end);
        if (bytes == std::string_view::npos) {
            if (window.size() == rest.size()) return more_or("a part's header never ends");
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
    part_ = std::move(part);
    at_ += used;
    seen_ = 0;
    state_ = State::content;
    return Step::done;
}

Result<FormReader::Step> FormReader::read_content() {
    const std::string_view rest = this->rest();
    const std::size_t found = find_bytes(rest.substr(seen_), delimiter_);
    if (found == std::string_view::npos) {
        seen_ = std::max(seen_, rest.size() - std::min(rest.size(), delimiter_.size() - 1));
        return more_or("its last boundary is missing; the body was cut off");
    }
    const std::string_view content = rest.substr(0, seen_ + found);
    part_.content = body_ ? body_->part(content) : SharedText(std::string(content));
    at_ += content.size() + delimiter_.size();
    state_ = State::behind_boundary;
    return Step::done;
}

// Nothing may follow but the end of the line.
Result<FormReader::Step> FormReader::check_end() const {
    const std::string_view rest = this->rest();
    const bool begun = !whole_ && line_end.starts_with(rest);
    if (begun || rest.empty() || rest == line_end) return Step::needs_more;
    return bad_form("something follows its last boundary");
}

Result<std::vector<FormPart>> read_multipart(
    std::string_view content_type, const SharedText& body, const FormLimits& limits
) {
    FormReader reader = TRY(FormReader::make(content_type, limits));
    reader.add_whole(body);
    std::vector<FormPart> parts;
    while (std::optional<FormPart> part = TRY(reader.next())) parts.push_back(*std::move(part));
    return parts;
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
