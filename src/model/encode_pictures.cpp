#include "model/encode_pictures.h"

#include <ATen/ops/cat.h>

#include <algorithm>

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

at::Tensor encode_tiles(Program& program, const Pictures& pictures, const at::Device& device) {
    const std::int64_t most = pictures_at_once(device);
    std::vector<at::Tensor> encoded;
    std::vector<at::Tensor> batch;
    std::int64_t filled = 0;
    const auto flush = [&] {
        if (batch.empty()) return;
        encoded.push_back(program.encode(sent_together(batch, device)));
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
    const Pictures unseen = unseen_of(pictures);
    if (unseen.empty()) return false;
    const at::Tensor encoded = encode_tiles(program_, unseen, device_);
    std::int64_t first = 0;
    for (const TorchInput* picture : unseen) {
        const at::Tensor tiles = encoded.narrow(0, first, picture->tiles());
        first += picture->tiles();
        at::Tensor features =
            program_.packs() ? program_.pack(tiles, picture->original()) : tiles.flatten(0, 1);
        TORCH_CHECK(
            features.dim() == 2 && features.size(0) == picture->tokens(),
            "the program makes features of shape ", features.sizes(), " of a picture with ",
            picture->tokens(), " tokens in the prompt"
        );
        picture->keep(std::move(features), ++last_);
    }
    return true;
}

std::optional<PromptKey> key_of(const Admission& one) {
    PromptKey key{.pictures = {}, .tokens = {one.prompt.begin(), one.prompt.end()}};
    for (const ModelInput* picture : one.pictures) {
        key.pictures.push_back(pixels_of(picture).number());
        if (key.pictures.back() == 0) return std::nullopt;
    }
    return key;
}

at::Tensor features_of(const Admission& one) {
    std::vector<at::Tensor> own;
    for (const ModelInput* picture : one.pictures) own.push_back(pixels_of(picture).features());
    return joined(own);
}

}  // namespace vignette
