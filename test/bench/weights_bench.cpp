// Times how long a bundle takes to be ready, as the product makes it so, on one thread. Prints one line:
//   check=N tensors=N first=99.99ms ready=99.99ms code=99.99ms weights 9.99
// ready: Program::load, code and weights. code: only the TorchScript archive, which holds no weights.
// weights: only assign_weights, that is mapping the files, parsing their headers and giving every parameter
// its tensor. All three are the second of their kind in this process; first is the very first Program::load.
// With --check also adds up every parameter's bits, which touches all of them: check is 0 without it.
#include <ATen/Parallel.h>
#include <torch/csrc/jit/serialization/import.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "bundle/manifest.h"
#include "model/program.h"
#include "model/torch_wall.h"
#include "model/weights.h"

namespace {

namespace fs = std::filesystem;
using Milliseconds = std::chrono::duration<double, std::milli>;

template <class F>
double timed(F&& work) {
    const auto start = std::chrono::steady_clock::now();
    std::forward<F>(work)();
    return Milliseconds(std::chrono::steady_clock::now() - start).count();
}

template <class T>
T must(vignette::Result<T> result) {
    if (result) {
        if constexpr (std::is_void_v<T>) {
            return;
        } else {
            return *std::move(result);
        }
    }
    std::fprintf(stderr, "weights_bench: %s\n", result.error().message.c_str());
    std::exit(1);
}

double load_program(const fs::path& bundle) {
    return timed([&] {
        const vignette::Manifest manifest = must(vignette::read_manifest(bundle));
        vignette::StartPhases phases;
        must(vignette::Program::load(bundle, manifest, at::kCPU, phases));
    });
}

std::uint64_t hash(std::string_view name) {  // FNV-1a, as scripts/py/bench/__main__.py has it
    std::uint64_t value = 0xCBF29CE484222325U;
    for (const char letter : name) value = (value ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
    return value;
}

// Which bits each name has: two modules with equal sums hold the same weights under the same names.
std::uint64_t add_up(const torch::jit::Module& module) {
    std::uint64_t sum = 0;
    for (const auto& [name, tensor] : module.named_parameters(/*recurse=*/true)) {
        const at::Tensor bits = tensor.view(tensor.element_size() == 2 ? at::kShort : at::kInt);
        sum += static_cast<std::uint64_t>(bits.sum().item<std::int64_t>()) * hash(name);
    }
    return sum;
}

void measure(const fs::path& bundle, bool check) {
    const c10::InferenceMode guard;
    at::set_num_threads(1);
    const double first = load_program(bundle);
    const double ready = load_program(bundle);

    const vignette::Manifest manifest = must(vignette::read_manifest(bundle));
    const std::string archive = (bundle / manifest.program.file).string();
    torch::jit::Module module;
    const double code =
        timed([&] { module = torch::jit::load(archive, std::nullopt, /*load_debug_files=*/false); });
    const double weights =
        timed([&] { must(vignette::assign_weights(module, manifest, bundle, {.device = at::kCPU})); });

    std::printf(
        "check=%llu tensors=%zu first=%.2fms ready=%.2fms code=%.2fms weights %.2f\n",
        static_cast<unsigned long long>(check ? add_up(module) : 0), module.named_parameters().size(), first,
        ready, code, weights
    );
}

}  // namespace

int main(int argc, char** argv) {
    const bool check = argc == 3 && std::strcmp(argv[2], "--check") == 0;
    if (argc != 2 && !check) {
        std::fputs("weights_bench BUNDLE [--check]\n", stderr);
        return 2;
    }
    try {
        measure(argv[1], check);
    } catch (const std::exception& thrown) {
        std::fprintf(stderr, "weights_bench: %s\n", vignette::to_error(thrown).message.c_str());
        return 1;
    }
}
