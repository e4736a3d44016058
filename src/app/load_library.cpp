#include "app/load_library.h"

#include <dlfcn.h>
#include <sched.h>
#include <unistd.h>

#include <system_error>
#include <thread>

namespace vignette {
namespace {

std::expected<void*, std::string> load_here(const std::filesystem::path& path) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) return std::unexpected(std::string(dlerror()));
    return handle;
}

}  // namespace

std::expected<void*, std::string> load_library(const std::filesystem::path& path) {
    std::expected<void*, std::string> loaded;
    try {
        std::thread([&] {
            // A current folder of its own for this thread. Some containers forbid that; then it stays where
            // it is.
            [[maybe_unused]] const bool away = unshare(CLONE_FS) == 0 && chdir("/") == 0;
            loaded = load_here(path);
        }).join();
    } catch (const std::system_error&) {  // no more threads
        return load_here(path);
    }
    return loaded;
}

}  // namespace vignette
