#include "core/random_hex.h"

#include <random>

#include "core/hex.h"

namespace vignette {

// Every request has a name: asking the system for each would cost more than the rest of a short answer.
std::string random_hex(std::size_t bytes) {
    thread_local std::mt19937_64 numbers = [] {
        std::random_device device;
        std::seed_seq seed{device(), device(), device(), device(), device(), device(), device(), device()};
        return std::mt19937_64(seed);
    }();
    std::string text;
    text.reserve(2 * bytes);
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
        constexpr std::size_t at_once = 8;
        number = i % at_once == 0 ? numbers() : number >> 8U;
        append_hex(text, static_cast<std::uint8_t>(number));
    }
    return text;
}

}  // namespace vignette
