// Memory that this process and a decoder process both see. Its size is sealed: neither can take pages away
// under the other's hands. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "core/file_descriptor.h"
#include "vignette/bytes.h"
#include "vignette/error.h"

namespace vignette {

// Larger ones are given back to the system after each use.
inline constexpr std::size_t kept_memory_max = 32 * MiB;

class SharedMemory {
public:
    enum class Access { read, write };

    SharedMemory() = default;
    static Result<SharedMemory> create(std::size_t bytes_min
    );  // a little more, so that it fits the next, too
    static Result<SharedMemory> open(FileDescriptor file, Access access);  // what the other process created
    SharedMemory(SharedMemory&& other) noexcept;
    SharedMemory& operator=(SharedMemory&& other) noexcept;
    ~SharedMemory();

    std::span<std::uint8_t> bytes() const { return bytes_; }
    int file() const { return file_.get(); }

private:
    SharedMemory(FileDescriptor file, std::span<std::uint8_t> bytes)
        : file_(std::move(file)), bytes_(bytes) {}

    FileDescriptor file_;
    std::span<std::uint8_t> bytes_;
};

}  // namespace vignette
