#include "image/exif.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>

#include "core/ascii.h"
#include "image/tiff/directory.h"

namespace vignette {
namespace {

using namespace std::string_view_literals;

constexpr auto prefix = "Exif\0\0"sv;
constexpr std::string_view pattern = "dddd:dd:dd dd:dd:dd";

bool fits(char character, char wanted) {
    return wanted == 'd' ? is_ascii_digit(character) : character == wanted;
}

int number_at(std::string_view text, std::size_t offset, std::size_t digits) {
    int value = 0;
    for (const char digit : text.substr(offset, digits)) value = value * 10 + (digit - '0');
    return value;
}

// From EXIF's "2026:05:01 12:30:00"; empty for blanks, zeros and impossible dates.
std::string as_iso(std::string_view text) {
    if (text.size() != pattern.size() || !std::ranges::equal(text, pattern, fits)) return {};
    const std::chrono::year_month_day day{
        std::chrono::year{number_at(text, 0, 4)},
        std::chrono::month{static_cast<unsigned>(number_at(text, 5, 2))},
        std::chrono::day{static_cast<unsigned>(number_at(text, 8, 2))}
    };
    if (number_at(text, 0, 4) == 0 || !day.ok()) return {};
    if (number_at(text, 11, 2) > 23 || number_at(text, 14, 2) > 59 || number_at(text, 17, 2) > 59) return {};
    std::string iso(text);
    iso[4] = iso[7] = '-';
    iso[10] = 'T';
    return iso;
}

}  // namespace

int orientation_of(const Tiff& tiff) {
    const std::uint32_t value = tiff.first().number(tiff_tag::orientation).value_or(1);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
}

ExifFacts read_exif(std::span<const std::byte> exif) {
    const std::size_t start = BytesView(exif).has(0, prefix) ? prefix.size() : 0;
    const std::optional<Tiff> tiff = read_tiff(exif.subspan(start));
    return tiff ? facts_of(*tiff) : ExifFacts{};
}

ExifFacts facts_of(const Tiff& tiff) {
    const bool says = tiff.first().find(tiff_tag::orientation) != nullptr;
    return {says ? std::optional(orientation_of(tiff)) : std::nullopt, taken_of(tiff)};
}

// As an attribute or an element, the only two ways in which programs write it; Pillow looks for these, too.
int orientation_of(const ExifFacts& exif, std::span<const std::byte> xmp) {
    if (exif.orientation) return *exif.orientation;
    const std::string_view text(reinterpret_cast<const char*>(xmp.data()), xmp.size());
    constexpr std::string_view name = "tiff:Orientation";
    for (std::size_t at = text.find(name); at != text.npos; at = text.find(name, at + 1)) {
        std::string_view value = text.substr(at + name.size());
        if (!value.starts_with("=\"") && !value.starts_with(">")) continue;
        value.remove_prefix(value.starts_with(">") ? 1 : 2);
        if (!value.empty() && value.front() >= '1' && value.front() <= '8') return value.front() - '0';
    }
    return 1;
}

std::string taken_of(const Tiff& tiff) {
    for (const TiffDirectory& directory : tiff.directories) {
        std::string taken = as_iso(directory.text(tiff_tag::date_time_original));
        if (!taken.empty()) return taken;
    }
    return as_iso(tiff.first().text(tiff_tag::date_time));
}

}  // namespace vignette
