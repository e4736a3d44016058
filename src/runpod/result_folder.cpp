#include "runpod/result_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "core/file_descriptor.h"
#include "core/hex.h"
#include "core/log.h"
#include "runpod/platform.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view head_mark = "vignette-result 1";
constexpr std::string_view folder_mark = "worker-";
constexpr std::string_view lock_name = "lock";
constexpr std::string_view extension = ".result";
constexpr std::string_view unfinished_extension = ".part";
constexpr std::uintmax_t file_bytes_max = 32 * MiB;

FileDescriptor open_file(const fs::path& path, int flags) {
    return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

std::unexpected<Error> failed(const std::string& what, const fs::path& path) {
    return fail(
        ErrorCode::unavailable, what + " " + path.string() + ": " + std::strerror(errno) +
                                    "; give VIGNETTE_OUTBOX a folder that can be written"
    );
}

bool write_all(int descriptor, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(descriptor, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

void sync_folder(const fs::path& folder) {
    const FileDescriptor file = open_file(folder, O_RDONLY | O_DIRECTORY);
    if (file.get() >= 0) ::fsync(file.get());
}

// One line about the job, then the body as it is posted.
std::string head_line(const JobId& job, bool streamed) {
    return std::string(head_mark) + (streamed ? " streamed " : " whole ") + to_hex(job.value) + "\n";
}

std::optional<SavedResult> read_saved(const fs::path& path) {
    std::error_code ignored;
    if (fs::file_size(path, ignored) > file_bytes_max) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::string head;
    if (!std::getline(file, head) || !head.starts_with(head_mark)) return std::nullopt;
    const std::string_view rest = std::string_view(head).substr(head_mark.size());
    const bool streamed = rest.starts_with(" streamed ");
    if (!streamed && !rest.starts_with(" whole ")) return std::nullopt;
    const std::optional<std::string> id = from_hex(rest.substr(rest.rfind(' ') + 1));
    if (!id || id->empty()) return std::nullopt;
    SavedResult saved{.file = path, .job = {*id}, .streamed = streamed, .body = {}};
    saved.body.assign(std::istreambuf_iterator<char>(file), {});
    return saved;
}

// -1 when somebody who lives holds it.
int lock_folder(const fs::path& folder) {
    FileDescriptor file = open_file(folder / lock_name, O_RDWR | O_CREAT);
    if (file.get() < 0 || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) return -1;
    return file.release();
}

// Goes only if nothing is in it but what workers put there: the operator may keep other things beside.
void remove_folder(const fs::path& folder) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        const bool part = entry.path().extension() == unfinished_extension;
        if (part || entry.path().filename() == lock_name) fs::remove(entry.path(), ignored);
    }
    fs::remove(folder, ignored);
}

bool is_workers_folder(const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored) && entry.path().filename().string().starts_with(folder_mark);
}

}  // namespace

Result<ResultFolder> ResultFolder::open(const fs::path& parent, std::string_view worker_id) {
    const fs::path own = parent / (std::string(folder_mark) + to_hex(worker_id));
    std::error_code failure;
    fs::create_directories(own, failure);
    if (failure) {
        errno = failure.value();
        return failed("cannot create", own);
    }
    const int lock = lock_folder(own);
    if (lock < 0) return failed("cannot lock", own / lock_name);
    return ResultFolder(own, lock);
}

ResultFolder::ResultFolder(ResultFolder&& other) noexcept
    : own_(std::move(other.own_)), lock_(std::exchange(other.lock_, -1)), next_(other.next_.load()) {}

// An empty folder is of no use to anyone; the lock is held until it is gone.
ResultFolder::~ResultFolder() {
    if (lock_ < 0) return;
    std::error_code ignored;
    const auto holds_result = [](const fs::directory_entry& entry) {
        return entry.path().extension() == extension;
    };
    if (std::ranges::none_of(fs::directory_iterator(own_, ignored), holds_result)) remove_folder(own_);
    ::close(lock_);
}

// Unique over restarts too: what an earlier life of this worker left may not be overwritten.
fs::path ResultFolder::next_file() {
    const auto now = std::chrono::system_clock::now().time_since_epoch().count();
    return own_ / (std::to_string(now) + "-" + std::to_string(next_++) + std::string(extension));
}

Result<fs::path> ResultFolder::save(const JobId& job, bool streamed, std::string_view body) {
    fs::path path = next_file();
    fs::path unfinished = path;
    unfinished += unfinished_extension;
    {
        const FileDescriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL);
        if (file.get() < 0) return failed("cannot create", unfinished);
        const bool written = write_all(file.get(), head_line(job, streamed)) && write_all(file.get(), body);
        if (!written || ::fsync(file.get()) != 0) {
            auto failure = failed("cannot write", unfinished);
            forget(unfinished);
            return failure;
        }
    }
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) return failed("cannot rename to", path);
    sync_folder(own_);
    return path;
}

void ResultFolder::forget(const fs::path& file) {
    std::error_code ignored;
    fs::remove(file, ignored);
}

std::vector<SavedResult> ResultFolder::adopt() {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(own_.parent_path(), ignored)) {
        if (is_workers_folder(entry) && entry.path() != own_) take_over(entry.path());
    }
    std::vector<SavedResult> results;
    for (const fs::directory_entry& entry : fs::directory_iterator(own_, ignored)) {
        if (entry.path().extension() == unfinished_extension)
            forget(entry.path());  // its writer died; it was never promised
        if (entry.path().extension() != extension) continue;
        if (std::optional<SavedResult> saved = read_saved(entry.path())) {
            results.push_back(*std::move(saved));
        } else {
            log_warning("ignored, because it is not a saved result: " + entry.path().string());
        }
    }
    std::ranges::sort(results, {}, &SavedResult::file);
    return results;
}

void ResultFolder::take_over(const fs::path& folder) {
    const int lock = lock_folder(folder);
    if (lock < 0) return;
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() == extension) fs::rename(entry.path(), next_file(), ignored);
    }
    sync_folder(own_);
    remove_folder(folder);
    ::close(lock);
}

}  // namespace vignette
