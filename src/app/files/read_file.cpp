#include "app/files/read_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

namespace vignette {
namespace fs = std::filesystem;
namespace {

struct Close {
    void operator()(std::FILE* file) const {
        if (file != stdin) std::fclose(file);
    }
};

// Reads in chunks: a pipe or device has no size, and a file may grow while it is read.
template <class Buffer>
Result<Buffer> read_all(const fs::path& path, std::size_t bytes_max) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        return fail(ErrorCode::usage, path.string() + " is a folder; name the files in it");
    }
    const std::unique_ptr<std::FILE, Close> file(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
    if (!file) {
        return fail(
            ErrorCode::usage,
            "cannot open " + path.string() + ": " + std::strerror(errno) + "; check the path"
        );
    }
    Buffer content;
    const std::uintmax_t expected = fs::file_size(path, ignored);
    constexpr std::size_t piece = 256 * KiB;
    if (!ignored && expected <= bytes_max) content.reserve(expected + piece);
    for (std::size_t used = 0;;) {
        content.resize(used + piece);
        const std::size_t got = std::fread(content.data() + used, 1, piece, file.get());
        used += got;
        content.resize(used);
        if (used > bytes_max) {
            return fail(
                ErrorCode::too_large, path.string() + " is larger than the " +
                                          std::to_string(bytes_max / MiB) + " MiB allowed; send a smaller one"
            );
        }
        if (got < piece) break;
    }
    if (std::ferror(file.get()) != 0) {
        return fail(ErrorCode::usage, "cannot read " + path.string() + ": " + std::strerror(errno));
    }
    return content;
}

}  // namespace

Result<std::string> read_text_file(const fs::path& file, std::size_t bytes_max) {
    return read_all<std::string>(file, bytes_max);
}

Result<Bytes> read_head(const fs::path& file, std::size_t bytes) {
    const std::unique_ptr<std::FILE, Close> opened(std::fopen(file.c_str(), "rb"));
    if (!opened) return fail(ErrorCode::usage, "cannot open " + file.string() + ": " + std::strerror(errno));
    Bytes head(bytes);
    head.resize(std::fread(head.data(), 1, bytes, opened.get()));
    return head;
}

Result<Bytes> read_binary_file(const fs::path& file, std::size_t bytes_max) {
    return read_all<Bytes>(file, bytes_max);
}

}  // namespace vignette
