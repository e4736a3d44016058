#include "wire/picture.h"

#include <string>
#include <string_view>

#include "wire/words.h"

namespace vignette {
namespace {

constexpr std::string_view white_space = " \t\r\n";
constexpr std::string_view good_example = "data:image/jpeg;base64,...";

std::string_view trim(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(white_space);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(white_space) + 1 - begin);
}

bool starts_with(std::string_view text, std::string_view scheme) {
    return lower_case(text.substr(0, scheme.size())) == scheme;
}

// Some clients do not know the type of what they send and declare none, or plain bytes.
bool may_be_image(std::string_view media_type) {
    return media_type.empty() || media_type.starts_with("image/") || media_type == "application/octet-stream";
}

bool declares_base64(std::string_view head) {
    const std::size_t last = head.rfind(';');
    return last != std::string_view::npos && lower_case(trim(head.substr(last + 1))) == "base64";
}

Result<std::string> read_head(std::string_view head) {
    const std::string media_type = lower_case(trim(head.substr(0, head.find(';'))));
    if (!may_be_image(media_type)) {
        return fail(
            ErrorCode::unsupported_media, "holds " + shown(media_type) + ", which is no picture; send a " +
                                              "JPEG, PNG, WebP or BMP as " + std::string(good_example)
        );
    }
    if (!declares_base64(head)) {
        return fail(
            ErrorCode::invalid_input,
            "is a data URL without \";base64\" before its comma; encode the picture as base64 and send " +
                std::string(good_example)
        );
    }
    return shown(media_type);
}

Result<Base64Image> read_data_url(const SharedText& text, std::string_view url) {
    const std::string_view after_scheme = url.substr(std::string_view("data:").size());
    const std::size_t comma = after_scheme.find(',');
    if (comma == std::string_view::npos) {
        return fail(
            ErrorCode::invalid_input, "is a data URL without a comma; send " + std::string(good_example)
        );
    }
    std::string media_type = TRY(read_head(after_scheme.substr(0, comma)));
    return Base64Image{text.part(trim(after_scheme.substr(comma + 1))), std::move(media_type)};
}

bool is_address(std::string_view text) {
    return starts_with(text, "http://") || starts_with(text, "https://");
}

Result<RemoteImage> read_address(std::string_view text, const Limits& limits) {
    if (text.size() <= limits.url_bytes_max) return RemoteImage{std::string(text)};
    return fail(
        ErrorCode::invalid_input, "is an address of " + std::to_string(text.size()) +
                                      " bytes; send one of at most " + std::to_string(limits.url_bytes_max) +
                                      ", or the picture itself"
    );
}

// "ftp://...": nothing that base64 could be.
bool has_scheme(std::string_view text) { return text.substr(0, 32).contains("://"); }

// The message of an error starts with a verb: read_picture() puts the field's path before it.
Result<ImageSource> read_any(
    const SharedText& text, std::string_view trimmed, const Limits& limits, PictureForm form
) {
    if (trimmed.empty())
        return fail(ErrorCode::empty_image, "is empty; send the picture as " + std::string(good_example));
    if (is_address(trimmed)) return read_address(trimmed, limits);
    if (starts_with(trimmed, "data:")) {
        Base64Image image = TRY(read_data_url(text, trimmed));
        if (!image.text.view().empty()) return image;
        return fail(ErrorCode::empty_image, "is empty; send the picture as " + std::string(good_example));
    }
    if (form == PictureForm::address || has_scheme(trimmed)) {
        return fail(
            ErrorCode::invalid_input,
            "is no address that is fetched; send one that begins with https:// or http://, or the picture "
            "itself as " +
                std::string(good_example)
        );
    }
    return Base64Image{text.part(trimmed), {}};
}

}  // namespace

Result<ImageSource> read_picture(
    std::string_view path, const SharedText& text, const Limits& limits, PictureForm form
) {
    Result<ImageSource> image = read_any(text, trim(text.view()), limits, form);
    if (image) return image;
    return fail(image.error().code, std::string(path) + " " + image.error().message, std::string(path));
}

}  // namespace vignette
