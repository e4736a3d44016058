// Encodes the pictures of a step's newcomers for their prompts. Private to the torch side of model/.
#pragma once

#include <span>
#include <vector>

#include "model/program.h"
#include "model/torch_lean.h"
#include "vignette/model.h"

namespace vignette {

// How many go through a program together: with more of them a vision model takes more memory but runs no
// faster.
std::int64_t pictures_at_once(const at::Device& device);

// Placeholders of all pictures of one newcomer.
std::int64_t picture_tokens(const Admission& one);

// For each newcomer [its placeholders, width], on the device. The pictures of all go through the program
// together, a bounded number at a time. Throws what torch throws, also when the program makes something else
// than the manifest promised.
std::vector<at::Tensor> encode_pictures(
    Program& program, std::span<const Admission> newcomers, const at::Device& device
);

}  // namespace vignette
