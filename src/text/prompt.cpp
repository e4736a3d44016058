#include "text/prompt.h"

namespace vignette {

std::string fill_template(std::string_view templ, std::string_view prompt) {
    constexpr std::string_view mark = "{prompt}";
    std::string filled(templ);
    if (const std::size_t at = filled.find(mark); at != std::string::npos)
        filled.replace(at, mark.size(), prompt);
    return filled;
}

}  // namespace vignette
