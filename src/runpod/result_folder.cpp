#include "runpod/result_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

#include "core/file_descriptor.h"
#include "core/hex.h"
#include "core/log.h"
#include "core/stop.h"
#include "runpod/platform.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;
using WallClock = std::chrono::system_clock;

constexpr std::string_view head_mark = "vignette-result-2";
constexpr std::string_view folder_mark = "worker-";
constexpr std::string_view lock_name = "lock";
constexpr std::string_view result_extension = ".result";
constexpr std::string_view running_extension = ".running";
constexpr std::string_view unfinished_extension = ".part";
constexpr std::uintmax_t file_bytes_max = 32 * MiB;
constexpr std::chrono::hours suspicion_lifetime{24};  // then the platform no longer knows the job

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
    if (file) ::fsync(file.get());
}

// An iterator that throws when the folder changes under it would end the process.
std::vector<fs::directory_entry> entries_of(const fs::path& folder) {
    std::vector<fs::directory_entry> entries;
    std::error_code failure;
    for (fs::directory_iterator next(folder, failure); !failure && next != fs::directory_iterator();
         next.increment(failure)) {
        entries.push_back(*next);
    }
    return entries;
}

// One line about the job, then the body as it is posted.
std::string head_line(const JobId& job, std::string_view worker, bool streamed) {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(WallClock::now().time_since_epoch());
    return std::string(head_mark) + (streamed ? " streamed " : " whole ") + to_hex(job.value) + " " +
           to_hex(worker) + " " + std::to_string(now.count()) + "\n";
}

std::optional<SavedResult> read_head(const fs::path& path) {
    std::error_code ignored;
    if (fs::file_size(path, ignored) > file_bytes_max) return std::nullopt;
    std::ifstream file(path, std::ios::binary);
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    std::istringstream words(line);
    std::string mark, kind, job, worker;
    std::int64_t made = 0;
    if (!(words >> mark >> kind >> job >> worker >> made) || mark != head_mark) return std::nullopt;
    std::optional<std::string> job_id = from_hex(job);
    std::optional<std::string> worker_id = from_hex(worker);
    if (!job_id || !worker_id) return std::nullopt;
    return SavedResult{
        .file = path,
        .job = {*std::move(job_id)},
        .worker = *std::move(worker_id),
        .streamed = kind == "streamed",
        .made = WallClock::time_point(std::chrono::seconds(made)),
    };
}

// Another worker may have removed the folder between our opening and locking its lock: then what is locked is
// no longer there.
bool is_at(const FileDescriptor& file, const fs::path& path) {
    struct stat opened{}, there{};
    return ::fstat(file.get(), &opened) == 0 && ::stat(path.c_str(), &there) == 0 &&
           opened.st_ino == there.st_ino && opened.st_dev == there.st_dev;
}

// -1 when somebody who lives holds it.
int lock_folder(const fs::path& folder) {
    const fs::path path = folder / lock_name;
    FileDescriptor file = open_file(path, O_RDWR | O_CREAT);
    if (!file || ::flock(file.get(), LOCK_EX | LOCK_NB) != 0 || !is_at(file, path)) return -1;
    return file.release();
}

int make_and_lock(const fs::path& folder) {
    constexpr int tries = 10;  // whoever adopts it holds the lock for a moment
    for (int i = 0; i < tries; ++i) {
        if (i > 0) wait_for(std::chrono::milliseconds{50}, {});
        std::error_code failure;
        fs::create_directories(folder, failure);
        if (failure) {
            errno = failure.value();
            return -1;
        }
        if (const int lock = lock_folder(folder); lock >= 0) return lock;
    }
    return -1;
}

bool is_kept(const fs::directory_entry& entry) {
    return entry.path().extension() == result_extension || entry.path().extension() == running_extension;
}

// Goes only if nothing is in it but what workers put there: the operator may keep other things beside.
void remove_folder(const fs::path& folder) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : entries_of(folder)) {
        const bool part = entry.path().extension() == unfinished_extension;
        if (part || entry.path().filename() == lock_name) fs::remove(entry.path(), ignored);
    }
    fs::remove(folder, ignored);
}

bool is_workers_folder(const fs::directory_entry& entry) {
    std::error_code ignored;
    return entry.is_directory(ignored) && entry.path().filename().string().starts_with(folder_mark);
}

bool is_too_old(const SavedResult& mark) { return WallClock::now() - mark.made > suspicion_lifetime; }

}  // namespace

Result<ResultFolder> ResultFolder::open(const fs::path& parent, std::string_view worker_id) {
    const fs::path own = parent / (std::string(folder_mark) + to_hex(worker_id));
    const int lock = make_and_lock(own);
    if (lock < 0) return failed("cannot create and lock", own / lock_name);
    return ResultFolder(own, std::string(worker_id), lock);
}

ResultFolder::ResultFolder(ResultFolder&& other) noexcept
    : own_(std::move(other.own_)), worker_(std::move(other.worker_)), next_(other.next_.load()) {
    const MutexLock lock(other.mutex_);
    lock_ = std::exchange(other.lock_, -1);
}

// An empty folder is of no use to anyone; the lock is held until it is gone.
ResultFolder::~ResultFolder() {
    const MutexLock lock(mutex_);
    if (lock_ < 0) return;
    if (std::ranges::none_of(entries_of(own_), is_kept)) remove_folder(own_);
    ::close(lock_);
}

// Unique over restarts too: what an earlier life of this worker left may not be overwritten.
fs::path ResultFolder::next_file(std::string_view extension) {
    const auto now = WallClock::now().time_since_epoch().count();
    return own_ / (std::to_string(now) + "-" + std::to_string(next_++) + std::string(extension));
}

// Somebody has removed the folder while we live.
bool ResultFolder::make_again() {
    const MutexLock lock(mutex_);
    std::error_code ignored;
    if (fs::exists(own_ / lock_name, ignored)) return true;  // another thread was faster
    const int made = make_and_lock(own_);
    if (made < 0) return false;
    ::close(std::exchange(lock_, made));
    log_warning("made again, because it had disappeared: " + own_.string());
    return true;
}

Result<void> ResultFolder::write(const fs::path& path, std::string_view head, std::string_view body) {
    FileDescriptor file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file && errno == ENOENT && make_again()) file = open_file(path, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return failed("cannot create", path);
    if (write_all(file.get(), head) && write_all(file.get(), body)) return {};
    auto failure = failed("cannot write", path);
    forget(path);
    return failure;
}

Result<fs::path> ResultFolder::save(const JobId& job, bool streamed, std::string_view body) {
    fs::path path = next_file(result_extension);
    fs::path unfinished = path;
    unfinished += unfinished_extension;
    TRY(write(unfinished, head_line(job, worker_, streamed), body));
    const FileDescriptor file = open_file(unfinished, O_RDONLY);
    if (!file || ::fsync(file.get()) != 0 || std::rename(unfinished.c_str(), path.c_str()) != 0) {
        auto failure = failed("cannot keep", path);
        forget(unfinished);
        return failure;
    }
    sync_folder(own_);
    return path;
}

Result<fs::path> ResultFolder::mark(const JobId& job) {
    fs::path path = next_file(running_extension);
    TRY(write(path, head_line(job, worker_, false), ""));
    return path;
}

std::optional<std::string> ResultFolder::read_body(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::string head;
    if (!std::getline(file, head)) return std::nullopt;
    std::string body(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) return std::nullopt;
    return body;
}

void ResultFolder::forget(const fs::path& file) {
    std::error_code ignored;
    fs::remove(file, ignored);
}

ResultFolder::Adopted ResultFolder::adopt() {
    for (const fs::directory_entry& entry : entries_of(own_.parent_path())) {
        if (is_workers_folder(entry) && entry.path() != own_) take_over(entry.path());
    }
    Adopted found;
    for (const fs::directory_entry& entry : entries_of(own_)) read_into(found, entry.path());
    std::ranges::sort(found.results, {}, &SavedResult::file);
    for (const SavedResult& saved : found.results) {  // it did not die of a job that it has finished
        const auto suspect = found.suspects.find(saved.job);
        if (suspect == found.suspects.end()) continue;
        forget(suspect->second);
        found.suspects.erase(suspect);
    }
    return found;
}

void ResultFolder::read_into(Adopted& found, const fs::path& path) {
    const fs::path extension = path.extension();
    if (extension == unfinished_extension) return forget(path);  // its writer died; it was never promised
    if (extension == result_extension) {
        std::optional<SavedResult> saved = read_head(path);
        if (!saved) return log_warning("ignored, because it is not a saved result: " + path.string());
        found.results.push_back(*std::move(saved));
    } else if (extension == running_extension) {
        const std::optional<SavedResult> mark = read_head(path);
        const bool known = mark && !is_too_old(*mark) && found.suspects.try_emplace(mark->job, path).second;
        if (!known) forget(path);
    }
}

void ResultFolder::take_over(const fs::path& folder) {
    const FileDescriptor lock(lock_folder(folder));
    if (!lock) return;
    std::error_code ignored;
    for (const fs::directory_entry& entry : entries_of(folder)) {
        if (!is_kept(entry)) continue;
        fs::rename(entry.path(), next_file(entry.path().extension().string()), ignored);
    }
    sync_folder(own_);
    remove_folder(folder);
}

}  // namespace vignette
