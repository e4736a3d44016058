// Encodes pictures for the prompts that ask about them. Private to the torch side of model/.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/mutex.h"
#include "model/program.h"
#include "model/prompts/places.h"
#include "model/prompts/prompt_cache.h"
#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

class TorchInput;

// How many go through a program together: with more of them a vision model takes more memory but runs no
// faster.
std::int64_t pictures_at_once(const at::Device& device);

// Placeholders of all pictures of one newcomer.
std::int64_t picture_tokens(const Admission& one);

// Any thread: one looks, and others who find something unseen wait for it.
class Vision {
public:
    Vision(Program program, const at::Device& device) : device_(device), program_(std::move(program)) {}

    // Leaves in each picture its features, [its placeholders, width] on the device. Those that have none yet
    // go through the program together, a bounded number at a time, each once however many ask about it;
    // false: all had some. Throws what torch throws, also when the program makes something else than the
    // manifest promised.
    bool see(std::span<const ModelInput* const> pictures);

private:
    void see_alike(std::span<const TorchInput* const> pictures) REQUIRES(mutex_);

    const at::Device device_;
    Mutex mutex_;
    Program program_ GUARDED_BY(mutex_);  // shares its code and weights with the one that reads prompts
    std::uint64_t last_ GUARDED_BY(mutex_) = 0;  // number of the picture that was seen last
};

// Nothing where its pictures have not all been seen.
std::optional<PromptKey> key_of(const Admission& one);

std::vector<PictureGrid> grids_of(const Admission& one);

// [its placeholders, width]; of seen pictures.
at::Tensor features_of(const Admission& one);

}  // namespace vignette
