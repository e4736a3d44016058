#include "model/encode_pictures.h"

#include <ATen/ops/cat.h>

#include <algorithm>

#include "model/pixels/preprocess.h"
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

at::Tensor encode_tiles(Program& program, const std::vector<at::Tensor>& pictures, const at::Device& device) {
    const std::int64_t most = pictures_at_once(device);
    std::vector<at::Tensor> encoded;
    std::vector<at::Tensor> batch;
    std::int64_t filled = 0;
    const auto flush = [&] {
        if (batch.empty()) return;
        encoded.push_back(program.encode(joined(batch).to(device)));
        TORCH_CHECK(
            encoded.back().dim() == 3 && encoded.back().size(0) == filled, "encode made ",
            encoded.back().sizes(), " of ", filled, " pictures"
        );
        batch.clear();
        filled = 0;
    };
    for (const at::Tensor& picture : pictures) {
        for (std::int64_t first = 0; first < picture.size(0);) {
            const std::int64_t taken = std::min(most - filled, picture.size(0) - first);
            batch.push_back(picture.narrow(0, first, taken));
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

std::vector<at::Tensor> encode_pictures(
    Program& program, std::span<const Admission> newcomers, const at::Device& device
) {
    std::vector<at::Tensor> values;
    for (const Admission& one : newcomers) {
        for (const ModelInput* picture : one.pictures) values.push_back(pixels_of(picture).values());
    }
    const at::Tensor encoded = encode_tiles(program, values, device);
    std::vector<at::Tensor> features;
    std::int64_t first = 0;
    for (const Admission& one : newcomers) {
        std::vector<at::Tensor> own;
        for (const ModelInput* picture : one.pictures) {
            const TorchInput& pixels = pixels_of(picture);
            const at::Tensor tiles = encoded.narrow(0, first, pixels.tiles());
            first += pixels.tiles();
            own.push_back(program.packs() ? program.pack(tiles, pixels.original()) : tiles.flatten(0, 1));
            TORCH_CHECK(
                own.back().dim() == 2 && own.back().size(0) == picture->tokens(),
                "the program makes features of shape ", own.back().sizes(), " of a picture with ",
                picture->tokens(), " tokens in the prompt"
            );
        }
        features.push_back(joined(own));
    }
    return features;
}

}  // namespace vignette
