#include "app/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace vignette {

std::string size_text(std::uint64_t bytes) {
    constexpr std::uint64_t kilo = 1000;
    constexpr std::uint64_t mega = 1000 * kilo;
    constexpr std::uint64_t giga = 1000 * mega;
    if (bytes < kilo) return std::to_string(bytes) + " B";
    const auto tenths = [&](std::uint64_t unit) {
        const std::uint64_t rounded = (bytes + unit / 20) / (unit / 10);
        return std::to_string(rounded / 10) + "." + std::to_string(rounded % 10);
    };
    if (bytes < mega - kilo / 2) return std::to_string((bytes + kilo / 2) / kilo) + " kB";
    if (bytes < giga - mega / 20) return tenths(mega) + " MB";
    return tenths(giga) + " GB";
}

ByteProgress::ByteProgress(std::string what, std::uint64_t bytes)
    : what_(std::move(what)),
      total_(std::max<std::uint64_t>(bytes, 1)),
      terminal_(isatty(STDERR_FILENO) == 1) {}

ByteProgress::~ByteProgress() {
    if (terminal_ && shown_ >= 0) std::fputs("\r\033[K", stderr);
}

void ByteProgress::add(std::uint64_t bytes) {
    done_ += bytes;
    const int thousandths =
        static_cast<int>(std::min(1.0, static_cast<double>(done_) / static_cast<double>(total_)) * 1000);
    if (!terminal_ || thousandths == shown_) return;
    shown_ = thousandths;
    show();
}

void ByteProgress::show() {
    constexpr std::size_t width = 30;
    const std::size_t full = static_cast<std::size_t>(shown_) * width / 1000;
    const std::string bar = std::string(full, '#') + std::string(width - full, '.');
    std::fprintf(
        stderr, "\r%s [%s] %3d %%  %s of %s\033[K", what_.c_str(), bar.c_str(), shown_ / 10,
        size_text(done_).c_str(), size_text(total_).c_str()
    );
}

}  // namespace vignette
