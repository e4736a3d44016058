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
                                              "JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP as " +
                                              std::string(good_example)
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

// The message of an error starts with a verb: read_picture() puts the field's path before it.
Result<Base64Image> read_any(const SharedText& text, std::string_view trimmed) {
    if (starts_with(trimmed, "data:")) return read_data_url(text, trimmed);
    if (starts_with(trimmed, "http://") || starts_with(trimmed, "https://")) {
        return fail(
            ErrorCode::unsupported,
            "is an http address, and this version fetches nothing; send the picture itself as " +
                std::string(good_example)
        );
    }
    return Base64Image{text.part(trimmed), {}};
}

}  // namespace

Result<Base64Image> read_picture(std::string_view path, const SharedText& text) {
    Result<Base64Image> image = read_any(text, trim(text.view()));
    if (image && image->text.view().empty()) {
        image = fail(ErrorCode::empty_image, "is empty; send the picture as " + std::string(good_example));
    }
    if (image) return image;
    return fail(image.error().code, std::string(path) + " " + image.error().message, std::string(path));
}

}  // namespace vignette
