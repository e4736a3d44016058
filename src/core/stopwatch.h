// Measures the stages of one job from outside: lap() returns the time since the previous lap. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

namespace vignette {

class Stopwatch {
public:
    std::chrono::microseconds lap() {
        const Clock::time_point now = Clock::now();
        return round(now - std::exchange(lap_, now));
    }
    std::chrono::microseconds total() const { return round(Clock::now() - start_); }

private:
    using Clock = std::chrono::steady_clock;
    static std::chrono::microseconds round(Clock::duration time) {
        return std::chrono::duration_cast<std::chrono::microseconds>(time);
    }

    const Clock::time_point start_ = Clock::now();
    Clock::time_point lap_ = start_;
};

// "1.25"
inline std::string seconds_text(std::chrono::microseconds time) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.2f", std::chrono::duration<double>(time).count());
    return text.data();
}

}  // namespace vignette
