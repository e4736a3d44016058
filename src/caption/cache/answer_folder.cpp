#include "caption/cache/answer_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "caption/cache/answer_bytes.h"
#include "core/file_descriptor.h"
#include "core/hex.h"
#include "core/log.h"
#include "vignette/bytes.h"

namespace vignette {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view extension = ".answer";
constexpr std::string_view unfinished_extension = ".part";
constexpr std::string_view head_mark = "vignette-answer " VIGNETTE_VERSION "\n";
constexpr std::size_t head_bytes = head_mark.size() + sizeof(CacheKey);
constexpr std::size_t file_bytes_max = 4 * MiB;
constexpr std::size_t block_bytes = 4 * KiB;  // what a small file takes of most disks
constexpr std::time_t unfinished_s_max = 600;

FileDescriptor open_file(const fs::path& path, int flags) {
    return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
}

bool write_all(const FileDescriptor& file, std::string_view text) {
    while (!text.empty()) {
        const ssize_t written = ::write(file.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

// Of a whole file that is no longer than one of ours.
std::optional<std::string> read_whole(const FileDescriptor& file) {
    struct stat state{};
    if (::fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode)) return std::nullopt;
    if (state.st_size < 0 || static_cast<std::size_t>(state.st_size) > file_bytes_max) return std::nullopt;
    std::string text(static_cast<std::size_t>(state.st_size), '\0');
    for (std::size_t filled = 0; filled < text.size();) {
        const ssize_t taken = ::read(file.get(), text.data() + filled, text.size() - filled);
        if (taken < 0 && errno == EINTR) continue;
        if (taken <= 0) return std::nullopt;
        filled += static_cast<std::size_t>(taken);
    }
    return text;
}

// Under another name the same bytes would be somebody else's answer.
std::string_view checksum_of(const CacheKey& key, std::string_view answer, CacheKey& sum) {
    KeyDigest digest;
    digest.add(key);
    digest.add(answer);
    sum = digest.finish();
    return {reinterpret_cast<const char*>(sum.data()), sum.size()};
}

std::optional<Caption> answer_in(std::string_view file, const CacheKey& key) {
    if (file.size() < head_bytes || !file.starts_with(head_mark)) return std::nullopt;
    const std::string_view answer = file.substr(head_bytes);
    CacheKey sum;
    if (file.substr(head_mark.size(), sizeof(CacheKey)) != checksum_of(key, answer, sum)) return std::nullopt;
    return caption_from(answer);
}

std::string fresh_mark() {
    std::random_device random;
    return std::to_string(random()) + "-" + std::to_string(random());
}

std::size_t on_disk(std::size_t bytes) { return (bytes + block_bytes - 1) / block_bytes * block_bytes; }

struct Found {
    fs::path file;
    std::size_t bytes = 0;
    struct timespec used{};
};

bool used_before(const Found& one, const Found& other) {
    return std::pair(one.used.tv_sec, one.used.tv_nsec) < std::pair(other.used.tv_sec, other.used.tv_nsec);
}

void remove_quietly(const fs::path& file) {
    std::error_code ignored;  // another process may have been faster
    fs::remove(file, ignored);
}

// Ours only: the operator may keep other things beside. What a process left half written is removed.
std::vector<Found> answers_in(const fs::path& folder) {
    std::vector<Found> answers;
    std::error_code ignored;
    for (fs::directory_iterator entry(folder, ignored), end; !ignored && entry != end;
         entry.increment(ignored)) {
        const fs::path& file = entry->path();
        const bool unfinished = file.extension() == unfinished_extension;
        if (!unfinished && file.extension() != extension) continue;
        struct stat state{};
        if (::lstat(file.c_str(), &state) != 0 || !S_ISREG(state.st_mode)) continue;
        if (!unfinished)
            answers.push_back({file, on_disk(static_cast<std::size_t>(state.st_size)), state.st_mtim});
        if (unfinished && std::time(nullptr) - state.st_mtime > unfinished_s_max) remove_quietly(file);
    }
    return answers;
}

}  // namespace

Result<void> AnswerFolder::prepare(const fs::path& folder) {
    const auto failed = [&](const char* what, int reason) {
        return fail(
            ErrorCode::usage, std::string(what) + " the cache's folder " + folder.string() + ": " +
                                  std::strerror(reason) +
                                  "; name one that can be written with VIGNETTE_CACHE_FOLDER, or unset it"
        );
    };
    std::error_code failure;
    const bool is_new = fs::create_directories(folder, failure);
    if (failure) return failed("cannot create", failure.value());
    if (is_new) fs::permissions(folder, fs::perms::owner_all, failure);
    const fs::path probe = folder / (fresh_mark() + std::string(unfinished_extension));
    const FileDescriptor file = open_file(probe, O_RDWR | O_CREAT | O_EXCL);
    const int reason = errno;
    remove_quietly(probe);
    if (!file) return failed("cannot write to", reason);
    const fs::directory_iterator files(folder, failure);
    if (failure) return failed("cannot read", failure.value());
    return {};
}

AnswerFolder::AnswerFolder(fs::path folder, std::size_t bytes_max)
    : folder_(std::move(folder)), bytes_max_(bytes_max), own_mark_(fresh_mark()) {
    make_room();
}

fs::path AnswerFolder::file_of(const CacheKey& key) const {
    const std::string_view bytes(reinterpret_cast<const char*>(key.data()), key.size());
    return folder_ / (to_hex(bytes) + std::string(extension));
}

std::optional<Caption> AnswerFolder::find(const CacheKey& key) {
    const fs::path path = file_of(key);
    const FileDescriptor file = open_file(path, O_RDONLY);
    if (!file) return std::nullopt;
    const std::optional<std::string> text = read_whole(file);
    std::optional<Caption> answer = text ? answer_in(*text, key) : std::nullopt;
    if (answer) {
        ::futimens(file.get(), nullptr);  // used just now
    } else {
        remove_quietly(path);
    }
    return answer;
}

void AnswerFolder::keep(const CacheKey& key, const Caption& made) {
    const std::string answer = to_bytes(made);
    if (head_bytes + answer.size() > std::min(file_bytes_max, bytes_max_)) return;
    const fs::path path = file_of(key);
    fs::path unfinished = path;
    unfinished += "." + own_mark_ + "-" + std::to_string(next_++);
    unfinished += unfinished_extension;
    {
        const FileDescriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL);
        CacheKey sum;
        const bool whole = file && write_all(file, head_mark) &&
                           write_all(file, checksum_of(key, answer, sum)) && write_all(file, answer);
        if (!whole) return complain(unfinished);
    }
    if (std::rename(unfinished.c_str(), path.c_str()) != 0) return complain(unfinished);
    written_ += on_disk(head_bytes + answer.size());
    if (written_ > bytes_max_ / 16) make_room();
}

// Not for each answer: a full disk would fill the log as well.
void AnswerFolder::complain(const fs::path& file) {
    const int reason = errno;
    remove_quietly(file);
    if (complained_.exchange(true)) return;
    log_warning(
        "cannot keep answers in " + folder_.string() + ": " + std::strerror(reason) +
        "; going on without. This is said once"
    );
}

// What was used longest ago goes, until a sixteenth is free for what comes before the next look.
void AnswerFolder::make_room() {
    const MutexLock lock(looking_);
    if (written_.exchange(0) == 0 && next_ > 0) return;  // another thread has just looked
    std::vector<Found> answers = answers_in(folder_);
    std::size_t bytes = 0;
    for (const Found& one : answers) bytes += one.bytes;
    const std::size_t most = bytes_max_ - bytes_max_ / 16;
    if (bytes <= most) return;
    std::ranges::sort(answers, used_before);
    for (const Found& one : answers) {
        if (bytes <= most) break;
        remove_quietly(one.file);
        bytes -= one.bytes;
    }
}

}  // namespace vignette
