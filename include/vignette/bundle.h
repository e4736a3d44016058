// What a model bundle's manifest says about its pictures, its text and its generation. Values only.
#pragma once

#include <string>
#include <vector>

#include "vignette/ids.h"
#include "vignette/image.h"

namespace vignette {

enum class Dtype { float32, float16, bfloat16 };

struct PixelRecipe {  // resize, then (value - mean) / std on bytes: the reference folds 1/255 into both
    Size size;
    float mean[3] = {};
    float std[3] = {};
};

struct TextRecipe {
    std::string prompt_template;
    std::string default_prompt;
    TokenId image_token{};
    int image_tokens = 0;  // how many of them stand before the prompt
    std::vector<TokenId> end;
    int vocabulary = 0;
};

struct GenerationDefaults {
    int max_length = 40;
    int max_length_limit = 50;
    int min_length = 8;
    int num_beams = 3;
    int num_beams_limit = 3;
    double length_penalty = 1.0;
    bool early_stopping = false;
};

struct BundleInfo {
    std::string name;
    std::string family;
    std::string digest;  // of manifest.json, which holds the digests of everything else
    Dtype dtype = Dtype::float32;
    PixelRecipe pixels;
    TextRecipe text;
    GenerationDefaults generation;
    int positions = 0;  // length of a slot: image tokens + prompt + new tokens must fit
};

}  // namespace vignette
