#include "model/encode_pictures.h"

#include <ATen/ops/cat.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "model/pixels/preprocess.h"
#include "model/sent.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

const TorchInput& pixels_of(const ModelInput* picture) {
    const auto* pixels = dynamic_cast<const TorchInput*>(picture);
    ASSERT(pixels != nullptr);
    return *pixels;
}

at::Tensor joined(const std::vector<at::Tensor>& parts) {
    return parts.size() == 1 ? parts.front() : at::cat(parts);
}

using Pictures = std::vector<const TorchInput*>;

// In their order, each once.
Pictures unseen_of(std::span<const ModelInput* const> pictures) {
    Pictures unseen;
    for (const ModelInput* picture : pictures) {
        const TorchInput& pixels = pixels_of(picture);
        if (pixels.number() > 0 || std::ranges::find(unseen, &pixels) != unseen.end()) continue;
        unseen.push_back(&pixels);
    }
    return unseen;
}

// Tiles of these pictures, which have one size: as many as are no larger together than `pictures_at_once`
// that are as large as most models' pictures.
std::int64_t tiles_at_once(Size tile, const at::Device& device) {
    constexpr std::int64_t usual_pixels = std::int64_t{384} * 384;
    const std::int64_t most = pictures_at_once(device);
    return std::clamp(most * usual_pixels / tile.pixels(), std::int64_t{1}, most);
}

// All tiles, in their order; of pictures that are alike.
at::Tensor encode_tiles(
    Program& program, std::span<const TorchInput* const> pictures, const at::Device& device
) {
    const int frames = pictures.front()->frames();
    const std::int64_t most = tiles_at_once(pictures.front()->shown(), device);
    std::vector<at::Tensor> encoded;
    std::vector<at::Tensor> batch;
    std::int64_t filled = 0;
    const auto flush = [&] {
        if (batch.empty()) return;
        const at::Tensor pixels = sent_together(batch, device);
        encoded.push_back(frames > 0 ? program.encode_frames(pixels) : program.encode(pixels));
        TORCH_CHECK(
            encoded.back().dim() == 3 && encoded.back().size(0) == filled, "encode made ",
            encoded.back().sizes(), " of ", filled, " pictures"
        );
        batch.clear();
        filled = 0;
    };
    for (const TorchInput* picture : pictures) {
        for (std::int64_t first = 0; first < picture->tiles();) {
            const std::int64_t taken = std::min(most - filled, picture->tiles() - first);
            batch.push_back(picture->values().narrow(0, first, taken));
            first += taken;
            filled += taken;
            if (filled == most) flush();
        }
    }
    flush();
    return joined(encoded);
}

// Pictures of one size, or groups of as many frames of one size: they go through the program together.
auto likeness(const TorchInput* one) {
    return std::tuple(one->frames(), one->shown().height, one->shown().width);
}

}  // namespace

std::int64_t pictures_at_once(const at::Device& device) { return device.is_cpu() ? 16 : 64; }

std::int64_t picture_tokens(const Admission& one) {
    std::int64_t sum = 0;
    for (const ModelInput* picture : one.pictures) sum += picture->tokens();
    return sum;
}

bool Vision::see(std::span<const ModelInput* const> pictures) {
    if (std::ranges::all_of(pictures, [](const ModelInput* one) { return pixels_of(one).number() > 0; }))
        return false;
    const MutexLock lock(mutex_);
    Pictures unseen = unseen_of(pictures);
    if (unseen.empty()) return false;
    std::ranges::stable_sort(unseen, {}, likeness);
    for (std::span<const TorchInput* const> rest = unseen; !rest.empty();) {
        const auto alike = [&](const TorchInput* one) { return likeness(one) == likeness(rest.front()); };
        const auto count = static_cast<std::size_t>(std::ranges::find_if_not(rest, alike) - rest.begin());
        see_alike(rest.first(count));
        rest = rest.subspan(count);
    }
    return true;
}

void Vision::see_alike(std::span<const TorchInput* const> pictures) {
    const at::Tensor encoded = encode_tiles(program_, pictures, device_);
    std::int64_t first = 0;
    for (const TorchInput* picture : pictures) {
        const at::Tensor tiles = encoded.narrow(0, first, picture->tiles());
        first += picture->tiles();
        const bool packs = program_.packs() && picture->frames() == 0;
        at::Tensor features = packs ? program_.pack(tiles, picture->original()) : tiles.flatten(0, 1);
        TORCH_CHECK(
            features.dim() == 2 && features.size(0) == picture->tokens(),
            "the program makes features of shape ", features.sizes(), " of a picture with ",
            picture->tokens(), " tokens in the prompt"
        );
        picture->keep(std::move(features), ++last_);
    }
}

std::optional<PromptKey> key_of(const Admission& one) {
    PromptKey key{.pictures = {}, .tokens = {one.prompt.begin(), one.prompt.end()}};
    for (const ModelInput* picture : one.pictures) {
        key.pictures.push_back(pixels_of(picture).number());
        if (key.pictures.back() == 0) return std::nullopt;
    }
    return key;
}

std::vector<PictureGrid> grids_of(const Admission& one) {
    std::vector<PictureGrid> grids;
    for (const ModelInput* picture : one.pictures) {
        const TorchInput& pixels = pixels_of(picture);
        grids.push_back(
            {.frames = std::max(pixels.frames(), 1), .size = pixels.shown(), .tick = pixels.tick()}
        );
    }
    return grids;
}

at::Tensor features_of(const Admission& one) {
    std::vector<at::Tensor> own;
    for (const ModelInput* picture : one.pictures) own.push_back(pixels_of(picture).features());
    return joined(own);
}

}  // namespace vignette
