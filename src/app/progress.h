// A progress bar for reading large files, on stderr if that is a terminal.
#pragma once

#include <cstdint>
#include <string>

namespace vignette {

std::string size_text(std::uint64_t bytes);  // "15.0 GB"

class ByteProgress {
public:
    ByteProgress(std::string what, std::uint64_t bytes);
    ~ByteProgress();  // clears the line
    ByteProgress(const ByteProgress&) = delete;
    ByteProgress& operator=(const ByteProgress&) = delete;

    void add(std::uint64_t bytes);

private:
    void show();

    const std::string what_;
    const std::uint64_t total_;
    const bool terminal_;
    std::uint64_t done_ = 0;
    int shown_ = -1;  // thousandths
};

}  // namespace vignette
