// A bundle's TorchScript with its weights: a few functions from tensors to tensors, which throw what torch
// throws. Private to the torch side of model/. One thread at a time.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bundle/manifest.h"
#include "model/pixels/scale.h"
#include "model/start/start_phases.h"
#include "model/torch_lean.h"
#include "model/transfer/weights_move.h"
#include "vignette/error.h"
#include "vignette/image.h"

namespace vignette {

class Program {
public:
    static Result<Program> load(
        const std::filesystem::path& bundle, const Manifest& manifest, const at::Device& device,
        StartPhases& phases
    );

    // What a captioner does.

    // pixels [N, 3, height, width], normalised or bytes -> features [N, queries, width of the text side]; of
    // anyres, N tiles; of fit, N pictures of one size, and the features may be wider: embed knows
    at::Tensor encode(const at::Tensor& pixels) { return call(encode_, scale_(pixels)); }

    // Where films have a recipe: groups of frames [N, frames, 3, height, width] -> the same
    at::Tensor encode_frames(const at::Tensor& pixels) { return call(encode_frames_, frame_scale_(pixels)); }

    // anyres: features [t, queries, width] of one picture's tiles and its own size -> [its tokens, width]
    at::Tensor pack(const at::Tensor& features, Size original);
    bool packs() const { return pack_ != nullptr; }

    // ids [T], features [K, width] of all its pictures -> [T, width], the features where the image tokens are
    at::Tensor embed(const at::Tensor& ids, const at::Tensor& features) {
        return call(embed_, {&ids, &features});
    }

    // embeds [B, T, width], padded on the right -> logits [B, vocabulary] after each row's last token.
    // Fills the first T positions of the slots in both caches.
    at::Tensor prefill(
        const at::Tensor& embeds, const at::Tensor& slots, const at::Tensor& lengths, const at::Tensor& keys,
        const at::Tensor& values
    ) {
        return call(prefill_, {&embeds, &slots, &lengths, &keys, &values});
    }

    // Families whose pictures stand beside one another in a prompt, and not only behind: where each of the
    // ids [T] stands in time, down and across, [3, T]. `grids` [P, 4] are of its pictures and of
    // groups of frames, in their order: how many frames, height, width in pixels, and when, in the program's
    // unit of time. On the CPU. The calls below then take places and turns, too: of prefill [B, 3, T].
    at::Tensor place(const at::Tensor& ids, const at::Tensor& grids) { return call(place_, {&ids, &grids}); }
    bool places() const { return place_ != nullptr; }
    at::Tensor prefill(
        const at::Tensor& embeds, const at::Tensor& places, const at::Tensor& slots,
        const at::Tensor& lengths, const at::Tensor& keys, const at::Tensor& values
    ) {
        return call(prefill_, {&embeds, &places, &slots, &lengths, &keys, &values});
    }

    // The next tokens of one prompt, embeds [T, width], of which the slot holds the `first` ones -> logits
    // [1, vocabulary] after the last. Only where the family's prompts are long. `places` [3, T], or undefined
    // where the family has none.
    at::Tensor prefill_more(
        const at::Tensor& embeds, const at::Tensor& places, std::int64_t slot, std::int64_t first,
        const at::Tensor& keys, const at::Tensor& values
    );
    bool prefills_more() const { return prefill_more_ != nullptr; }

    // One token each, written at its position of its slot -> logits [B, vocabulary]. Columns [B]: token,
    // position, length of the sequence's prompt, slot; and in a family that has places the token's, the same
    // on each axis.
    at::Tensor decode(std::span<const at::Tensor> columns, const at::Tensor& keys, const at::Tensor& values);

    // What an embedder does: pixels [N, 3, height, width], normalised or bytes, or padded ids [N, T] ->
    // vectors [N, width] of any length.
    at::Tensor embed_image(const at::Tensor& pixels) { return call(embed_image_, scale_(pixels)); }
    at::Tensor embed_text(const at::Tensor& ids) { return call(embed_text_, {&ids}); }

private:
    explicit Program(torch::jit::Module module) : module_(std::move(module)) {}
    at::Tensor call(torch::jit::Function* function, const at::Tensor& argument) {
        return call(function, {&argument});
    }
    Result<void> find_methods(const Manifest& manifest, const std::string& file);
    std::vector<torch::jit::Function*> functions() const;
    Result<torch::jit::Function*> find(const std::string& method, std::string_view takes) const;
    at::Tensor call(torch::jit::Function* function, std::initializer_list<const at::Tensor*> arguments);
    at::Tensor run(torch::jit::Function* function);

    torch::jit::Module module_;
    PixelScale scale_;
    PixelScale frame_scale_;
    torch::jit::Function* encode_ = nullptr;  // of module_, like the others; none where the kind has none
    torch::jit::Function* encode_frames_ = nullptr;
    torch::jit::Function* pack_ = nullptr;
    torch::jit::Function* embed_ = nullptr;
    torch::jit::Function* place_ = nullptr;
    torch::jit::Function* prefill_ = nullptr;
    torch::jit::Function* prefill_more_ = nullptr;
    torch::jit::Function* decode_ = nullptr;
    torch::jit::Function* embed_image_ = nullptr;
    torch::jit::Function* embed_text_ = nullptr;
    std::vector<c10::IValue> stack_;     // kept between calls for its memory
    std::shared_ptr<WeightsMove> move_;  // last member: ends before the weights go
};

}  // namespace vignette
