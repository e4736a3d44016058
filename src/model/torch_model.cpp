#include "model/torch_model.h"

#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/cuda.h>

#include <algorithm>
#include <utility>

#include "model/footprint.h"
#include "model/preprocess.h"
#include "model/program.h"
#include "model/slot_cache.h"
#include "model/steps.h"
#include "model/torch_wall.h"
#include "vignette/bytes.h"

namespace vignette {

struct TorchModel::Parts {
    ModelShape shape;
    at::Device device;
    Preprocessor preprocessor;
    Steps steps;
};

namespace {

constexpr int slots_max = 4096;

Result<at::Device> choose_device(const std::string& wish) {
    if (wish == "cpu") return at::Device(at::kCPU);
    if (wish != "auto" && wish != "cuda") {
        return fail(ErrorCode::usage, "device must be auto, cpu or cuda, not \"" + wish + "\"");
    }
    if (torch::cuda::is_available()) return at::Device(at::kCUDA, 0);
    if (wish == "auto") return at::Device(at::kCPU);
    return fail(
        ErrorCode::unavailable,
        "no CUDA device can be used; start the container with --gpus all, or choose the device cpu or auto "
        "(vignette doctor tells more)"
    );
}

// at::set_num_threads() sets OpenMP's number for the calling thread only; torch hands it on to other threads
// where it splits work itself, but its libraries ask OpenMP.
void take_over_thread_count() {
    thread_local const bool taken = [] {
        at::init_num_threads();
        return true;
    }();
    (void)taken;
}

// What every prompt begins with, and one word.
std::vector<TokenId> shortest_prompt(const TextRecipe& text) {
    std::vector<TokenId> prompt(static_cast<std::size_t>(text.image_tokens), text.image_token);
    prompt.push_back(text.end.front());
    return prompt;
}

// A program that fails on its first and simplest input is not broken by the input.
Result<void> warm_up(Steps& steps, const BundleInfo& info) {
    Result<void> outcome = torch_wall([&]() -> Result<void> {
        const at::Tensor pixels = at::zeros({1, 3, info.pixels.size.height, info.pixels.size.width});
        steps.warm_up(pixels, shortest_prompt(info.text));
        return {};
    });
    if (!outcome && outcome.error().code == ErrorCode::model_failed) {
        return fail(
            ErrorCode::bundle_invalid, "the program of " + info.name + " does not run: " +
                                           outcome.error().message + "; export the bundle again"
        );
    }
    return outcome;
}

}  // namespace

TorchModel::TorchModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TorchModel::~TorchModel() = default;

Result<std::unique_ptr<Model>> TorchModel::open(
    const std::filesystem::path& bundle, const Manifest& manifest, const ModelOptions& options
) {
    if (options.slots < 0 || options.slots > slots_max) {
        return fail(ErrorCode::usage, "slots must be from 0 to " + std::to_string(slots_max));
    }
    if (options.threads > 0) at::set_num_threads(options.threads);
    const at::Device device = TRY(choose_device(options.device));
    const int slots = options.slots > 0 ? options.slots : default_slots(manifest, device.is_cuda());
    const ModelShape shape{
        .slots = slots, .positions = manifest.cache.positions, .vocabulary = manifest.info.text.vocabulary
    };
    Program program = TRY(Program::load(bundle, manifest, device));
    SlotCache cache = TRY(SlotCache::make(
        manifest.cache, {.slots = slots, .type = to_torch(manifest.info.dtype), .device = device}
    ));
    Steps steps(
        std::move(program), std::move(cache),
        {.image_token = manifest.info.text.image_token, .shape = shape, .device = device}
    );
    auto parts = std::make_unique<Parts>(Parts{
        .shape = shape,
        .device = device,
        .preprocessor = Preprocessor(manifest.info.pixels),
        .steps = std::move(steps),
    });
    TRY(warm_up(parts->steps, manifest.info));
    return std::make_unique<TorchModel>(std::move(parts));
}

ModelShape TorchModel::shape() const { return parts_->shape; }

std::string TorchModel::device() const { return parts_->device.is_cuda() ? "cuda" : "cpu"; }

Result<std::unique_ptr<Pixels>> TorchModel::preprocess(const Image& image) const {
    return parts_->preprocessor(image);
}

Result<StepResult> TorchModel::step(const StepPlan& plan) {
    take_over_thread_count();
    return torch_wall([&] { return parts_->steps.run(plan); });
}

}  // namespace vignette
