#include "wire/request/media.h"

#include <string>
#include <string_view>

#include "core/ascii.h"
#include "wire/strings.h"

namespace vignette {
namespace {

struct Wanted {
    std::string_view what;
    std::string_view example;
};

Wanted wanted_in(MediaField field) {
    if (field == MediaField::film) return {.what = "film", .example = "data:video/mp4;base64,..."};
    return {.what = "picture", .example = "data:image/jpeg;base64,..."};
}

std::string send(const Wanted& wanted, std::string_view how = "send the ") {
    std::string advice = "; ";
    advice.append(how).append(wanted.what).append(" as ").append(wanted.example);
    return advice;
}

bool declares_base64(std::string_view head) {
    const std::size_t last = head.rfind(';');
    return last != std::string_view::npos && ascii_lower(trim(head.substr(last + 1))) == "base64";
}

Result<std::string_view> read_data_url(std::string_view url, const Wanted& wanted) {
    const std::string_view after_scheme = url.substr(std::string_view("data:").size());
    const std::size_t comma = after_scheme.find(',');
    if (comma == std::string_view::npos)
        return fail(ErrorCode::invalid_input, "is a data URL without a comma" + send(wanted));
    if (declares_base64(after_scheme.substr(0, comma))) return trim(after_scheme.substr(comma + 1));
    return fail(
        ErrorCode::invalid_input, "is a data URL without \";base64\" before its comma" +
                                      send(wanted, "encode the bytes as base64 and send the ")
    );
}

bool is_address(std::string_view text) {
    return starts_with_scheme(text, "http://") || starts_with_scheme(text, "https://");
}

Result<PictureContent> read_address(std::string_view text, const Limits& limits, const Wanted& wanted) {
    if (text.size() <= limits.url_bytes_max) return RemotePicture{std::string(text)};
    return fail(
        ErrorCode::invalid_input, "is an address of " + std::to_string(text.size()) +
                                      " bytes; shorten it to " + std::to_string(limits.url_bytes_max) +
                                      ", or" + send(wanted).substr(1)
    );
}

// "ftp://..." or "example.com/film.mp4", which cannot be base64.
bool was_meant_as_address(std::string_view text, const Limits& limits) {
    if (text.substr(0, 32).contains("://")) return true;
    return text.size() <= limits.url_bytes_max && text.contains('.') && text.contains('/');
}

// Error messages start with a verb: read_media() puts the field's path in front.
Result<PictureContent> read_any(const SharedText& text, const Limits& limits, MediaField field) {
    const Wanted wanted = wanted_in(field);
    const std::string_view trimmed = trim(text.view());
    if (is_address(trimmed)) return read_address(trimmed, limits, wanted);
    const bool is_data = starts_with_scheme(trimmed, "data:");
    const std::string_view base64 = is_data ? TRY(read_data_url(trimmed, wanted)) : trimmed;
    if (base64.empty()) return fail(ErrorCode::empty_image, "is empty" + send(wanted));
    if (!is_data && (field == MediaField::picture_url || was_meant_as_address(trimmed, limits))) {
        return fail(
            ErrorCode::invalid_input,
            "is not an http(s) address; send one that begins with https:// or http://, or" +
                send(wanted).substr(1)
        );
    }
    return Base64Picture{text.part(base64)};
}

}  // namespace

Result<PictureContent> read_media(
    std::string_view path, const SharedText& text, const Limits& limits, MediaField field
) {
    Result<PictureContent> media = read_any(text, limits, field);
    if (media) return media;
    return fail(media.error().code, std::string(path) + " " + media.error().message, std::string(path));
}

}  // namespace vignette
