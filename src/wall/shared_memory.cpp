#include "wall/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace vignette {
namespace {

constexpr int size_seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

std::unexpected<Error> fail_memory(const char* what) {
    return fail(
        ErrorCode::out_of_memory, std::string("no memory to share with a decoder process: ") + what + ": " +
                                      std::strerror(errno) + "; try again later"
    );
}

Result<std::span<std::uint8_t>> map(int file, std::size_t bytes, int protection) {
    void* memory = mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) return fail_memory("mmap");
    return std::span(static_cast<std::uint8_t*>(memory), bytes);
}

}  // namespace

Result<SharedMemory> SharedMemory::create(std::size_t bytes_min) {
    const std::size_t step = bytes_min < MiB ? 64 * KiB : 2 * MiB;
    const std::size_t bytes = std::max<std::size_t>(1, (bytes_min + step - 1) / step) * step;
    FileDescriptor file(memfd_create("vignette", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) return fail_memory("memfd_create");
    if (ftruncate(file.get(), static_cast<off_t>(bytes)) != 0) return fail_memory("ftruncate");
    if (fcntl(file.get(), F_ADD_SEALS, size_seals) != 0) return fail_memory("fcntl");
    const std::span<std::uint8_t> memory = TRY(map(file.get(), bytes, PROT_READ | PROT_WRITE));
    return SharedMemory(std::move(file), memory);
}

Result<SharedMemory> SharedMemory::open(FileDescriptor file, Access access) {
    const off_t end = lseek(file.get(), 0, SEEK_END);  // not fstat(), which glibc makes a look at any path
    if (end <= 0) return fail_memory("lseek");
    const int protection = access == Access::read ? PROT_READ : PROT_READ | PROT_WRITE;
    const std::span<std::uint8_t> memory = TRY(map(file.get(), static_cast<std::size_t>(end), protection));
    return SharedMemory(std::move(file), memory);
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : file_(std::move(other.file_)), bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory& SharedMemory::operator=(SharedMemory&& other) noexcept {
    std::swap(file_, other.file_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

SharedMemory::~SharedMemory() {
    if (!bytes_.empty()) munmap(bytes_.data(), bytes_.size());
}

}  // namespace vignette
