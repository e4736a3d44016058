#include "text/prompt.h"

#include <array>
#include <cstdio>

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

std::string fill_images(std::string_view templ, std::string_view text) {
    return replaced(templ, "{images}", text);
}

std::string fill_groups(
    std::string_view templ, std::string_view group_text, std::span<const double> seconds
) {
    std::string all;
    for (const double time : seconds) {
        std::array<char, 32> tenths{};
        std::snprintf(tenths.data(), tenths.size(), "%.1f", time);
        all += replaced(group_text, "{seconds}", tenths.data());
    }
    return replaced(templ, "{groups}", all);
}

}  // namespace vignette
