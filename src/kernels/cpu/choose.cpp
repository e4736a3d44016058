#include "kernels/cpu/choose.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>
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

// VIGNETTE_CPU, the name of a set: so that the tests can also run as on other processors.
const Kernels& choose() {
    const std::span<const Kernels* const> usable = usable_kernels();
    const char* const wanted = std::getenv("VIGNETTE_CPU");
    if (wanted == nullptr) return *usable.front();
    const auto found = std::ranges::find_if(usable, [&](const Kernels* one) {
        return std::string_view(one->name) == wanted;
    });
    return found == usable.end() ? *usable.front() : **found;
}

}  // namespace

std::span<const Kernels* const> usable_kernels() {
    static const std::vector<const Kernels*> usable = find_usable();
    return usable;
}

const Kernels& best_kernels() {
    static const Kernels& best = choose();
    return best;
}

bool has_fast_kernels() { return &best_kernels() != &plain_kernels; }

}  // namespace vignette
