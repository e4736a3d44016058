// Reading whole files of a bounded size. Errors name the file and the remedy.
#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// A file that is opened once and read from its start to its end, so that it may be a pipe. Its beginning is
// known before the rest is read. One thread at a time.
class InputFile {
public:
    static Result<InputFile> open(const std::filesystem::path& path);  // "-" is stdin

    const Bytes& head() const { return head_; }  // its first 256 bytes, or all of a shorter one
    Result<Bytes> read(std::size_t bytes_max) &&;

private:
    struct Close {
        void operator()(std::FILE* file) const;
    };
    InputFile(std::filesystem::path path, std::FILE* file) : path_(std::move(path)), file_(file) {}

    std::filesystem::path path_;
    std::unique_ptr<std::FILE, Close> file_;
    Bytes head_;
};

// "-" is stdin.
Result<std::string> read_text_file(const std::filesystem::path& file, std::size_t bytes_max);

}  // namespace vignette
