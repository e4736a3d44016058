#include "model/torch_model.h"

#include <c10/core/StreamGuard.h>

#include <algorithm>
#include <utility>

#include "bundle/footprint.h"
#include "model/graph/cuda_graph.h"
#include "model/pixels/preprocess.h"
#include "model/program.h"
#include "model/slot_cache.h"
#include "model/start/gpu_room.h"
#include "model/start/start_phases.h"
#include "model/steps.h"
#include "model/torch_device.h"
#include "model/torch_wall.h"
#include "vignette/bytes.h"
#include "vignette/invariant.h"

namespace vignette {

struct TorchModel::Parts {
    ModelShape shape;
    at::Device device;
    c10::Stream stream;
    c10::Stream vision;  // of those who look ahead
    Preprocessor preprocessor;
    std::optional<FilmRecipe> film;
    Steps steps;
    RoomForWork work;
};

namespace {

constexpr int slots_max = 4096;
constexpr int tokens_beside_others_on_gpu = 1024;
// Fewer would keep others waiting for less, but make more steps of a prompt, each of which reads the weights.
constexpr int tokens_beside_others_on_cpu = 256;

std::vector<TokenId> placeholders_of(const BundleInfo& info) {
    std::vector<TokenId> tokens{info.text.image_token};
    if (info.film) tokens.push_back(info.film->token);
    return tokens;
}

// What every prompt about one picture has, and one word.
std::vector<TokenId> shortest_prompt(const TextRecipe& text, const ModelInput& picture) {
    std::vector<TokenId> prompt(static_cast<std::size_t>(picture.tokens()), text.image_token);
    prompt.insert(prompt.end(), text.prefix.begin(), text.prefix.end());
    prompt.push_back(text.end.front());
    prompt.insert(prompt.end(), text.suffix.begin(), text.suffix.end());
    return prompt;
}

// Enough to go through all of the program.
Size warming_size(const PixelRecipe& recipe) {
    constexpr int patches = 8;
    if (recipe.method != PixelMethod::fit) return recipe.size;
    return {.width = patches * recipe.patch, .height = patches * recipe.patch};
}

// A program that fails on its first and simplest input is not broken by the input.
Result<void> warm_up(
    Steps& steps, const Preprocessor& preprocessor, const BundleInfo& info, const at::Device& device,
    bool reads
) {
    const std::unique_ptr<ModelInput> picture = TRY(preprocessor(black_picture(warming_size(info.pixels))));
    Result<void> outcome = torch_wall([&]() -> Result<void> {
        const std::vector<TokenId> prompt = shortest_prompt(info.text, *picture);
        steps.warm_up_decoding(static_cast<int>(prompt.size()));
        if (reads) steps.warm_up_reading(*picture, prompt);
        wait_for(device);
        return {};
    });
    return blame_bundle(examined(std::move(outcome), device), info.name);
}

}  // namespace

TorchModel::TorchModel(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

TorchModel::~TorchModel() = default;

Result<std::unique_ptr<Model>> TorchModel::open(
    const std::filesystem::path& bundle, const Manifest& manifest, const ModelOptions& options
) {
    if (manifest.info.kind != BundleKind::captioner) {
        return fail(
            ErrorCode::usage,
            "the bundle " + manifest.info.name + " makes vectors, not captions; name a captioner as the model"
        );
    }
    if (options.slots < 0 || options.slots > slots_max) {
        return fail(ErrorCode::usage, "slots must be from 0 to " + std::to_string(slots_max));
    }
    set_threads(options.threads);
    StartPhases phases;
    const at::Device device = TRY(select_device(options.device));
    const c10::Stream stream = TRY(own_stream(device));
    const c10::StreamGuard on_it(stream);
    const TurnToOpen turn(device);
    TRY(check_room(manifest, bundle, options.slots, device));
    phases.ended("device");
    Program program = TRY(Program::load(bundle, manifest, device, phases));
    const int slots = options.slots > 0 ? options.slots : TRY(torch_wall([&]() -> Result<int> {
        FreeOnGpu free = room_for_slots(device);
        if (free) *free -= std::min(*free, options.reserved_bytes);
        return default_slots(manifest, free);
    }));
    const ModelShape shape{
        .slots = slots,
        .positions = manifest.cache.positions,
        .vocabulary = manifest.info.text.vocabulary,
        .tokens_beside_others = device.is_cpu() ? tokens_beside_others_on_cpu : tokens_beside_others_on_gpu,
        .reads_in_parts = program.prefills_more(),
        .sees_ahead = true
    };
    SlotCache cache = TRY(SlotCache::make(
        manifest.cache, {.slots = slots, .type = to_torch(manifest.info.dtype), .device = device}
    ));
    Steps steps(
        std::move(program), std::move(cache),
        {.placeholders = placeholders_of(manifest.info),
         .shape = shape,
         .device = device,
         .prompts_bytes_max = options.prompts_bytes_max,
         .recorder = options.graphs && !device.is_cpu() ? cuda_recorder() : nullptr,
         .decodes_ahead = options.graphs && !device.is_cpu()}
    );
    auto parts = std::make_unique<Parts>(Parts{
        .shape = shape,
        .device = device,
        .stream = stream,
        .vision = TRY(own_stream(device)),
        .preprocessor =
            Preprocessor(manifest.info.pixels, manifest.info.text.image_tokens, pixel_form(device)),
        .film = manifest.info.film,
        .steps = std::move(steps),
        .work = TRY(torch_wall([&]() -> Result<RoomForWork> { return RoomForWork(device); })),
    });
    phases.ended("slots");
    TRY(warm_up(parts->steps, parts->preprocessor, manifest.info, device, options.warms_up));
    phases.ended("warm-up");
    phases.tell(manifest.info.name, options);
    return std::make_unique<TorchModel>(std::move(parts));
}

ModelShape TorchModel::shape() const { return parts_->shape; }

std::string TorchModel::device() const { return to_text(parts_->device); }

Result<std::unique_ptr<ModelInput>> TorchModel::preprocess(const Image& image, PictureWish wish) const {
    return parts_->preprocessor(image, wish);
}

std::unique_ptr<Preparation> TorchModel::prepare(PictureWish wish) const {
    return parts_->preprocessor.begin(wish);
}

Result<std::vector<std::unique_ptr<ModelInput>>> TorchModel::preprocess_film(
    std::span<const Image> frames, std::span<const double> begins, PictureWish wish
) const {
    ASSERT(parts_->film);
    FilmRecipe film = *parts_->film;
    if (wish.tokens_max > 0 && !film.crop) film.tokens_max = std::min(film.tokens_max, wish.tokens_max);
    return parts_->preprocessor.groups(frames, begins, film);
}

Result<std::chrono::microseconds> TorchModel::see(std::span<const std::shared_ptr<const ModelInput>> pictures
) {
    take_over_thread_count();
    const c10::StreamGuard on_it(parts_->vision);
    Result<std::chrono::microseconds> done = torch_wall([&]() -> Result<std::chrono::microseconds> {
        return parts_->steps.see(pictures, parts_->stream);
    });
    return examined(std::move(done), parts_->device);
}

Result<StepResult> TorchModel::step(const StepPlan& plan) {
    take_over_thread_count();
    const c10::StreamGuard on_it(parts_->stream);
    const auto run = [&] { return torch_wall([&] { return parts_->steps.run(plan); }); };
    Result<StepResult> done = run();
    const bool short_of_memory = !done && done.error().code == ErrorCode::out_of_memory;
    if (short_of_memory && parts_->steps.make_room()) done = run();
    return examined(std::move(done), parts_->device);
}

}  // namespace vignette
