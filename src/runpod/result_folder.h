// Results on disk until the platform has taken them, so that a crash of the process loses none.
//
// Each worker has a folder of its own below the one that is given, locked as long as it lives; the folders of
// workers that are gone are adopted. Any thread may save and forget.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct SavedResult {
    std::filesystem::path file;
    JobId job;
    bool streamed = false;
    std::string body;
};

class ResultFolder {
public:
    // Creates and locks this worker's own folder. The destructor removes it if nothing is left in it.
    static Result<ResultFolder> open(const std::filesystem::path& parent, std::string_view worker_id);

    ResultFolder(ResultFolder&& other) noexcept;
    ~ResultFolder();

    // On disk when it returns.
    Result<std::filesystem::path> save(const JobId& job, bool streamed, std::string_view body);

    // The results of workers that no longer run, moved into this worker's folder. Theirs are removed, unless
    // they hold something else.
    std::vector<SavedResult> adopt();

    static void forget(const std::filesystem::path& file);

private:
    ResultFolder(std::filesystem::path own, int lock) : own_(std::move(own)), lock_(lock) {}
    void take_over(const std::filesystem::path& folder);
    std::filesystem::path next_file();

    std::filesystem::path own_;
    int lock_;  // file descriptor of own_/lock
    std::atomic<std::uint64_t> next_ = 0;
};

}  // namespace vignette
