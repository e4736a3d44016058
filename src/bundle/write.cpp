#include "bundle/write.h"

#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <system_error>

#include "core/file_handle.h"

namespace vignette {
namespace fs = std::filesystem;
namespace {

std::unexpected<Error> cannot(const fs::path& path, const std::string& why) {
    return fail(
        ErrorCode::unavailable,
        path.string() + " cannot be written: " + why +
            "; choose a folder with --to that this user may write to, or make room there"
    );
}

// A folder that is gone with what is in it, unless it was moved to its place.
class Draft {
public:
    static Result<Draft> make(const fs::path& parent) {
        std::error_code error;
        fs::create_directories(parent, error);
        if (error) return cannot(parent, error.message());
        std::string name = (parent / ".add-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) return cannot(parent, std::strerror(errno));
        fs::permissions(name, fs::perms(0755), error);  // the worker may be another user
        return Draft(name);
    }
    ~Draft() {
        std::error_code ignored;
        if (!path_.empty()) fs::remove_all(path_, ignored);
    }
    Draft(Draft&& other) noexcept : path_(std::move(other.path_)) { other.path_.clear(); }
    Draft& operator=(Draft&&) = delete;

    const fs::path& path() const { return path_; }

private:
    explicit Draft(fs::path path) : path_(std::move(path)) {}
    fs::path path_;
};

// On the disk before it is moved to its place, where a crash must not leave half a file.
Result<void> write_file(const fs::path& path, const std::string& content) {
    const FileHandle file(std::fopen(path.c_str(), "wb"));
    if (!file) return cannot(path, std::strerror(errno));
    const bool written = std::fwrite(content.data(), 1, content.size(), file.get()) == content.size() &&
                         std::fflush(file.get()) == 0 && fsync(fileno(file.get())) == 0;
    if (!written) return cannot(path, std::strerror(errno));
    return {};
}

Result<Draft> draft_of(const fs::path& parent, const std::vector<NamedContent>& files) {
    Draft draft = TRY(Draft::make(parent));
    for (const NamedContent& file : files) TRY(write_file(draft.path() / file.name, file.content));
    return draft;
}

}  // namespace

Result<void> write_bundle(const fs::path& folder, const std::vector<NamedContent>& files) {
    const Draft draft = TRY(draft_of(folder.parent_path(), files));
    std::error_code error;
    fs::rename(draft.path(), folder, error);
    if (error) return cannot(folder, error.message());
    return {};
}

Result<void> write_into(const fs::path& folder, const std::vector<NamedContent>& files) {
    const Draft draft = TRY(draft_of(folder, files));
    for (const NamedContent& file : files) {
        std::error_code error;
        fs::rename(draft.path() / file.name, folder / file.name, error);
        if (error) return cannot(folder / file.name, error.message());
    }
    return {};
}

}  // namespace vignette
