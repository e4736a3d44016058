#include "app/usage/checks.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string_view>
#include <utility>

#include "core/device/device_choice.h"
#include "wire/strings.h"

namespace vignette {
namespace {

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
    text = trimmed(text);
    if (text.size() > 1 && text.front() == '+') text.remove_prefix(1);
    Number number{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string in_quotes(const std::string& given) { return "`" + shown(given) + "`"; }

std::string text_of(double number) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.10g", number);
    return text.data();
}

}  // namespace

CLI::Validator whole_number(std::int64_t min, std::int64_t max) {
    const bool bounded = min != std::numeric_limits<std::int32_t>::min();
    const std::string range = bounded ? std::to_string(min) + " to " + std::to_string(max) : "";
    const auto check = [=](std::string& given) -> std::string {
        const std::optional<std::int64_t> number = parse_number<std::int64_t>(given);
        if (!number || *number < min || *number > max)
            return in_quotes(given) + " is not a whole number" + (bounded ? " from " + range : "");
        given = std::to_string(*number);
        return {};
    };
    return CLI::Validator(check, range);
}

CLI::Validator number(double min, double max) {
    const std::string range = text_of(min) + " to " + text_of(max);
    const auto check = [=](std::string& given) -> std::string {
        const std::optional<double> number = parse_number<double>(given);
        if (number && std::isfinite(*number) && *number >= min && *number <= max) return {};
        return in_quotes(given) + " is not a number from " + range;
    };
    return CLI::Validator(check, range);
}

CLI::Validator one_of(std::vector<std::string> words) {
    std::string list;
    for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
    const auto check = [words = std::move(words), list](std::string& given) -> std::string {
        const std::string lower = ascii_lower(given);
        if (std::ranges::find(words, lower) != words.end()) {
            given = lower;
            return {};
        }
        const std::string_view meant =
            nearest(given, std::vector<std::string_view>(words.begin(), words.end()));
        const std::string question = meant.empty() ? "" : ". Did you mean `" + std::string(meant) + "`?";
        return in_quotes(given) + " is unknown; use one of " + list + question;
    };
    return CLI::Validator(check, list);
}

CLI::Validator device() {
    const std::string list = "auto, cpu, cuda, cuda:1";
    const auto check = [list](std::string& given) -> std::string {
        const std::string lower = ascii_lower(given);
        if (read_device(lower)) {
            given = lower;
            return {};
        }
        const std::string_view meant = nearest(given, std::vector<std::string_view>{"auto", "cpu", "cuda"});
        const std::string question = meant.empty() ? "" : ". Did you mean `" + std::string(meant) + "`?";
        return in_quotes(given) + " is unknown; use one of " + list + question;
    };
    return CLI::Validator(check, list);
}

CLI::Validator not_empty() {
    return CLI::Validator([](std::string& given) { return given.empty() ? "it must not be empty" : ""; }, "");
}

CLI::Validator yes_or_no() {
    const auto check = [](std::string& given) -> std::string {
        constexpr std::array<std::string_view, 4> yes{"true", "1", "yes", "on"};
        constexpr std::array<std::string_view, 4> no{"false", "0", "no", "off"};
        const std::string lower = ascii_lower(given);
        const bool is_yes = std::ranges::find(yes, lower) != yes.end();
        if (!is_yes && std::ranges::find(no, lower) == no.end())
            return in_quotes(given) + " is neither true nor false";
        given = is_yes ? "true" : "false";
        return {};
    };
    return CLI::Validator(check, "");
}

CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& value, const std::string& about) {
    return app.add_flag(name, value, about)->transform(yes_or_no());
}

}  // namespace vignette
