// Encodes the pictures of a step's newcomers for their prompts. Private to the torch side of model/.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "model/program.h"
#include "model/prompt_cache.h"
#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// How many go through a program together: with more of them a vision model takes more memory but runs no
// faster.
std::int64_t pictures_at_once(const at::Device& device);

// Placeholders of all pictures of one newcomer.
std::int64_t picture_tokens(const Admission& one);

// Leaves in each of their pictures its features, [its placeholders, width] on the device. Those that have
// none yet go through the program together, a bounded number at a time, each once however many ask about it;
// false: all had some. Throws what torch throws, also when the program makes something else than the manifest
// promised. `last` is the number of the picture that was seen last.
bool see_pictures(
    Program& program, std::span<const Admission> newcomers, const at::Device& device, std::uint64_t& last
);

// Nothing where its pictures have not all been seen.
std::optional<PromptKey> key_of(const Admission& one);

// For each newcomer [its placeholders, width]; of seen pictures.
std::vector<at::Tensor> features_of(std::span<const Admission> newcomers);

}  // namespace vignette
