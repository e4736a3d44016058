#include "bundle/file_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "core/file_handle.h"
#include "core/hex.h"
#include "vignette/bytes.h"
#include "vignette/invariant.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

constexpr const char* export_again = "; export the bundle again with scripts/export";

class Hash {
public:
    Hash() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
        ASSERT(context_ != nullptr);
        ASSERT(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    }
    void add(const void* data, std::size_t size) {
        ASSERT(EVP_DigestUpdate(context_.get(), data, size) == 1);
    }
    std::string hex() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned size = 0;
        ASSERT(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
        return to_hex({reinterpret_cast<const char*>(digest.data()), size});
    }

private:
    std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// A regular file only: a pipe would make the start hang, and a folder can be opened but not read.
Result<FileHandle> open_regular(const fs::path& path) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status)) {
        return fail(ErrorCode::bundle_invalid, path.string() + " is missing" + export_again);
    }
    if (!fs::is_regular_file(status)) {
        return fail(ErrorCode::bundle_invalid, path.string() + " is not a file" + export_again);
    }
    FileHandle file(std::fopen(path.c_str(), "rb"));
    if (!file) {
        return fail(
            ErrorCode::bundle_invalid,
            path.string() + " cannot be opened: " + std::strerror(errno) + "; check its permissions"
        );
    }
    return file;
}

std::unexpected<Error> unreadable(const fs::path& path) {
    return fail(ErrorCode::bundle_invalid, path.string() + " cannot be read; check the disk");
}

}  // namespace

std::string sha256_hex(std::span<const std::byte> bytes) {
    Hash hash;
    hash.add(bytes.data(), bytes.size());
    return hash.hex();
}

std::string sha256_hex(std::string_view text) { return sha256_hex(std::as_bytes(std::span(text))); }

Result<std::string> sha256_hex_of_file(const fs::path& path, const OnBytes& on_bytes) {
    const FileHandle file = TRY(open_regular(path));
    const auto piece = std::make_unique<std::array<std::byte, MiB>>();
    Hash hash;
    while (const std::size_t got = std::fread(piece->data(), 1, piece->size(), file.get())) {
        hash.add(piece->data(), got);
        if (on_bytes) on_bytes(got);
    }
    if (std::ferror(file.get()) != 0) return unreadable(path);
    return hash.hex();
}

Result<std::string> read_file(const fs::path& path, std::size_t bytes_max) {
    const FileHandle file = TRY(open_regular(path));
    std::error_code error;
    const std::uintmax_t size = fs::file_size(path, error);
    if (error) return unreadable(path);
    if (size > bytes_max) {
        return fail(
            ErrorCode::bundle_invalid, path.string() + " has " + std::to_string(size) + " bytes, at most " +
                                           std::to_string(bytes_max) + " are expected" + export_again
        );
    }
    std::string content(size, '\0');
    if (std::fread(content.data(), 1, size, file.get()) != size) return unreadable(path);
    return content;
}

Result<std::string> read_file_checked(const fs::path& path, std::string_view sha256, std::size_t bytes_max) {
    std::string content = TRY(read_file(path, bytes_max));
    if (sha256_hex(content) != sha256) {
        return fail(
            ErrorCode::bundle_invalid,
            path.string() + " is not the file the manifest describes (its SHA-256 differs)" + export_again
        );
    }
    return content;
}

}  // namespace vignette
