// Where the tokens of a prompt stand, in families that give a picture's tokens three places: in time, down
// and across. Private to the torch side of model/. One thread at a time.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/program.h"
#include "model/torch_lean.h"
#include "vignette/ids.h"
#include "vignette/image.h"

namespace vignette {

// A picture, or a group of a film's frames, as the program got it.
struct PictureGrid {
    int frames = 1;
    Size size;
    int tick = 0;  // of a film's group: where it stands in time, after the film's first
};

struct PromptPlaces {
    at::Tensor places;       // [3, T] on the CPU
    std::int64_t shift = 0;  // of what follows the prompt: it stands at position + shift on all three axes
};

// `pictures` in the order of their placeholders. Throws what torch throws, also where the program makes
// something else.
PromptPlaces place_prompt(
    Program& program, std::span<const TokenId> prompt, std::span<const PictureGrid> pictures
);

// [B, 3, the longest] on the device; what a row lacks is 0.
at::Tensor sent_places(const std::vector<at::Tensor>& rows, const at::Device& device);

}  // namespace vignette
