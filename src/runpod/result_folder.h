// What must survive a crash of this process: results until the platform has taken them, and which jobs run.
//
// Each worker has a folder of its own below the one that is given, locked as long as it lives; the folders of
// workers that are gone are adopted. Any thread may save, mark and forget.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/mutex.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct SavedResult {
    std::filesystem::path file;
    JobId job;
    std::string worker;  // that was given the job
    bool streamed = false;
    std::chrono::system_clock::time_point made;
};

class ResultFolder {
public:
    // Creates and locks this worker's own folder. The destructor removes it if nothing is left in it.
    static Result<ResultFolder> open(const std::filesystem::path& parent, std::string_view worker_id);

    ResultFolder(ResultFolder&& other) noexcept;
    ~ResultFolder();

    // On disk when it returns. A folder that has disappeared is made again.
    Result<std::filesystem::path> save(const JobId& job, bool streamed, std::string_view body);

    // A job that begins to run here. Safe from a crash of the process, not of the machine.
    Result<std::filesystem::path> mark(const JobId& job);

    // Of workers that no longer run: moved into this worker's folder. Theirs are removed, unless they hold
    // something else.
    struct Adopted {
        std::vector<SavedResult> results;                 // in the order they were saved
        std::map<JobId, std::filesystem::path> suspects;  // jobs that ran when a worker died, and their marks
    };
    Adopted adopt();

    // Nothing where it can no longer be read.
    static std::optional<std::string> read_body(const std::filesystem::path& file);

    static void forget(const std::filesystem::path& file);

private:
    ResultFolder(std::filesystem::path own, std::string worker, int lock)
        : own_(std::move(own)), worker_(std::move(worker)), lock_(lock) {}
    void take_over(const std::filesystem::path& folder);
    static void read_into(Adopted& found, const std::filesystem::path& path);
    std::filesystem::path next_file(std::string_view extension);
    Result<void> write(const std::filesystem::path& path, std::string_view head, std::string_view body);
    bool make_again();

    std::filesystem::path own_;
    std::string worker_;
    Mutex mutex_;
    int lock_ GUARDED_BY(mutex_);  // file descriptor of own_/lock
    std::atomic<std::uint64_t> next_ = 0;
};

}  // namespace vignette
