#include "kernels/cpu/choose.h"

#include <vector>

namespace vignette {
namespace {

std::vector<const Kernels*> find_usable() {
    std::vector<const Kernels*> found;
#ifdef __x86_64__
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 &&
                      __builtin_cpu_supports("f16c") != 0;
    const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") != 0 &&
                        __builtin_cpu_supports("avx512bw") != 0 && __builtin_cpu_supports("avx512vl") != 0 &&
                        __builtin_cpu_supports("avx512dq") != 0;
    if (avx512 && __builtin_cpu_supports("avx512vnni") != 0) found.push_back(&vnni_kernels);
    if (avx512) found.push_back(&avx512_kernels);
    if (avx2) found.push_back(&avx2_kernels);
#endif
    found.push_back(&plain_kernels);
    return found;
}

}  // namespace

std::span<const Kernels* const> usable_kernels() {
    static const std::vector<const Kernels*> usable = find_usable();
    return usable;
}

const Kernels& best_kernels() { return *usable_kernels().front(); }

}  // namespace vignette
