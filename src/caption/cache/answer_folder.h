// Answers in a folder, each in a file of its own that is named after its key: they outlive the process, and
// several processes may share them. Any thread.
//
// A file appears whole or not at all, and what is not what was written under that key and by this version is
// removed. It is not waited for until it is on the disk: after a power cut the worst is an answer that is
// missing. Whoever can write the folder can put words into anybody's answers, so only its owner may.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "caption/cache/cache_key.h"
#include "core/mutex.h"
#include "vignette/caption.h"
#include "vignette/error.h"

namespace vignette {

class AnswerFolder {
public:
    // Makes the folder if there is none; an error if nothing can be kept there.
    static Result<void> prepare(const std::filesystem::path& folder);

    // Of a prepared folder. All files together have at most that many bytes, beside what was written since
    // the last look at the folder: a sixteenth of it for each process.
    AnswerFolder(std::filesystem::path folder, std::size_t bytes_max);

    std::optional<Caption> find(const CacheKey& key);
    void keep(const CacheKey& key, const Caption& made);

private:
    std::filesystem::path file_of(const CacheKey& key) const;
    void make_room();
    void complain(const std::filesystem::path& file);

    const std::filesystem::path folder_;
    const std::size_t bytes_max_;
    const std::string own_mark_;            // of its unfinished files: process numbers repeat across machines
    std::atomic<std::uint64_t> next_ = 0;   // of these files
    std::atomic<std::size_t> written_ = 0;  // bytes since the last look
    std::atomic<bool> complained_ = false;
    Mutex looking_;  // one at a time makes room
};

}  // namespace vignette
