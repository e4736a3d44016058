#include "caption/wording/summary_prompt.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace vignette {
namespace {

constexpr std::string_view before = "These are descriptions of the parts of a video, in their order:\n";
constexpr std::string_view behind =
    "\nWith them in mind, and the frames that you see of it, answer about the video as a whole: ";
constexpr std::size_t said_least = 40;   // bytes of a description that still say something
constexpr std::size_t clock_bytes = 14;  // with what stands around a description

// 4:07, 1:04:07
std::string clock(double seconds) {
    const auto whole = static_cast<long long>(seconds);
    std::array<char, 48> text{};
    if (whole < 3600) {
        std::snprintf(text.data(), text.size(), "%lld:%02lld", whole / 60, whole % 60);
    } else {
        std::snprintf(
            text.data(), text.size(), "%lld:%02lld:%02lld", whole / 3600, whole / 60 % 60, whole % 60
        );
    }
    return text.data();
}

// As one line, cut behind a word; one long word is cut behind a character.
std::string beginning(std::string_view text, std::size_t bytes_max) {
    std::string line;
    for (const char c : text) {
        const bool is_blank = c == '\n' || c == '\r' || c == '\t' || c == ' ';
        if (!is_blank) line += c;
        if (is_blank && !line.empty() && line.back() != ' ') line += ' ';
    }
    if (line.size() <= bytes_max) return line;
    std::size_t end = line.rfind(' ', bytes_max);
    if (end == std::string::npos || end < bytes_max / 2) {
        end = bytes_max;
        while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80) --end;
    }
    return line.substr(0, end) + " ...";
}

}  // namespace

std::string summary_prompt(
    std::span<const ToldPart> parts, std::string_view question, std::size_t bytes_max
) {
    const std::size_t around = before.size() + behind.size() + question.size();
    const std::size_t room = bytes_max - std::min(bytes_max, around);
    const std::size_t lines_max = std::max<std::size_t>(1, room / (said_least + clock_bytes));
    const std::size_t every = std::max<std::size_t>(1, (parts.size() + lines_max - 1) / lines_max);
    const std::size_t lines = (parts.size() + every - 1) / every;
    const std::size_t line_bytes = room / std::max<std::size_t>(1, lines);
    const std::size_t said_max = std::max(said_least, line_bytes - std::min(line_bytes, clock_bytes));
    std::string prompt(before);
    for (std::size_t i = 0; i < parts.size(); i += every)
        prompt += clock(parts[i].from) + " " + beginning(parts[i].text, said_max) + "\n";
    prompt += behind;
    prompt += question;
    return prompt;
}

}  // namespace vignette
