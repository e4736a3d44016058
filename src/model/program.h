// A bundle's TorchScript with its weights: four functions from tensors to tensors, which throw what torch
// throws. Private to the torch side of model/. One thread at a time.
#pragma once

#include <filesystem>
#include <initializer_list>
#include <string>
#include <vector>

#include "model/manifest.h"
#include "model/torch_lean.h"
#include "vignette/error.h"

namespace vignette {

class Program {
public:
    static Result<Program> load(
        const std::filesystem::path& bundle, const Manifest& manifest, const at::Device& device
    );

    // pixels [N, 3, height, width] -> features [N, queries, width of the text side]
    at::Tensor encode(const at::Tensor& pixels) { return call(*encode_, {&pixels}); }

    // ids [T], features [queries, width] -> [T, width], the features where the image tokens are
    at::Tensor embed(const at::Tensor& ids, const at::Tensor& features) {
        return call(*embed_, {&ids, &features});
    }

    // embeds [B, T, width], padded on the right -> logits [B, vocabulary] behind each row's last token.
    // Fills the first T positions of the slots in both caches.
    at::Tensor prefill(
        const at::Tensor& embeds, const at::Tensor& slots, const at::Tensor& lengths, const at::Tensor& keys,
        const at::Tensor& values
    ) {
        return call(*prefill_, {&embeds, &slots, &lengths, &keys, &values});
    }

    // One token each, written at its position of its slot -> logits [B, vocabulary]
    at::Tensor decode(
        const at::Tensor& tokens, const at::Tensor& positions, const at::Tensor& slots,
        const at::Tensor& keys, const at::Tensor& values
    ) {
        return call(*decode_, {&tokens, &positions, &slots, &keys, &values});
    }

private:
    explicit Program(torch::jit::Module module) : module_(std::move(module)) {}
    Result<void> find_methods(const std::string& file);
    at::Tensor call(torch::jit::Function& function, std::initializer_list<const at::Tensor*> arguments);

    torch::jit::Module module_;
    torch::jit::Function* encode_ = nullptr;  // of module_
    torch::jit::Function* embed_ = nullptr;
    torch::jit::Function* prefill_ = nullptr;
    torch::jit::Function* decode_ = nullptr;
    std::vector<c10::IValue> stack_;  // kept between calls for its memory
};

}  // namespace vignette
