#include "app/files/read_file.h"

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t head_bytes = 256;

std::unexpected<Error> cannot(const char* what, const fs::path& path) {
    return fail(
        ErrorCode::usage,
        std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(errno) + "; check the path"
    );
}

// Appends what is left. Reads in chunks: a pipe or device has no size, and a file may grow while it is read.
Result<Bytes> read_rest(std::FILE* file, const fs::path& path, Bytes content, std::size_t bytes_max) {
    constexpr std::size_t piece = 256 * KiB;
    std::error_code unknown;
    const std::uintmax_t expected = fs::file_size(path, unknown);
    if (!unknown && expected <= bytes_max) content.reserve(expected + piece);
    for (std::size_t used = content.size();;) {
        content.resize(used + piece);
        const std::size_t got = std::fread(content.data() + used, 1, piece, file);
        used += got;
        content.resize(used);
        if (used > bytes_max) {
            return fail(
                ErrorCode::too_large, path.string() + " is larger than the " + std::to_string(bytes_max) +
                                          " bytes allowed; send a smaller one"
            );
        }
        if (got < piece) break;
    }
    if (std::ferror(file) != 0) return cannot("read", path);
    return content;
}

}  // namespace

void InputFile::Close::operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
}

Result<InputFile> InputFile::open(const fs::path& path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) {
        return fail(ErrorCode::usage, path.string() + " is a folder; name the files in it");
    }
    std::FILE* file = path == "-" ? stdin : std::fopen(path.c_str(), "rb");
    if (file == nullptr) return cannot("open", path);
    InputFile opened(path, file);
    opened.head_.resize(head_bytes);
    opened.head_.resize(std::fread(opened.head_.data(), 1, head_bytes, file));
    if (std::ferror(file) != 0) return cannot("read", path);
    return opened;
}

Result<Bytes> InputFile::read(std::size_t bytes_max) && {
    return read_rest(file_.get(), path_, std::move(head_), bytes_max);
}

Result<std::string> read_text_file(const fs::path& file, std::size_t bytes_max) {
    const Bytes content = TRY(TRY(InputFile::open(file)).read(bytes_max));
    std::string text(content.size(), '\0');
    if (!content.empty()) std::memcpy(text.data(), content.data(), content.size());
    return text;
}

}  // namespace vignette
