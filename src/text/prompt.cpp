#include "text/prompt.h"

namespace vignette {
namespace {

std::string replaced(std::string_view text, std::string_view mark, std::string_view value) {
    std::string filled(text);
    if (const std::size_t at = filled.find(mark); at != std::string::npos)
        filled.replace(at, mark.size(), value);
    return filled;
}

}  // namespace

std::string fill_template(std::string_view templ, std::string_view prompt) {
    return replaced(templ, "{prompt}", prompt);
}

std::string fill_images(std::string_view templ, std::string_view image_text, std::size_t images) {
    std::string all;
    for (std::size_t i = 0; i < images; ++i) all += image_text;
    return replaced(templ, "{images}", all);
}

}  // namespace vignette
