// What a model bundle's manifest says about its pictures, its text and its generation. Values only.
#pragma once

#include <string>
#include <vector>

#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/job.h"

namespace vignette {

enum class Dtype { float32, float16, bfloat16 };

enum class BundleKind { captioner, embedder };

enum class PixelMethod {
    stretch,  // to the size, whatever the shape
    crop,     // the shortest edge to `shortest_edge`, then the middle of the size
    anyres,   // tiles of the size: the whole picture first, then those of the best of `pinpoints`
};

// After resizing, (value - mean) / std on bytes: the reference folds 1/255 into both.
struct PixelRecipe {
    PixelMethod method = PixelMethod::stretch;
    Size size;
    float mean[3] = {};
    float std[3] = {};
    int shortest_edge = 0;        // crop
    std::vector<Size> pinpoints;  // anyres
    int patch = 0;                // anyres: side of a patch, which becomes one placeholder
};

enum class Placement {
    before,       // all placeholders stand in front of the prompt
    placeholder,  // the template says where; each of its image tokens is repeated as the picture needs
};

// What of a prompt counts as said before, for the repetition penalty and n-grams.
enum class History { all, text, suffix };

struct PresetPrompt {  // what this model is best asked for a preset
    Preset preset{};
    std::string prompt;
};

struct TextRecipe {
    std::string prompt_template;  // with {prompt}, and {images} for `image_text` once a picture
    std::string image_text;
    std::string default_prompt;
    std::vector<PresetPrompt> presets{};  // where the program's own prompts do not suit
    Placement placement = Placement::before;
    TokenId image_token{};
    int image_tokens = 0;           // for each picture; 0: the picture's size decides
    bool special_tokens = true;     // whether the tokenizer adds its own
    std::vector<TokenId> prefix{};  // around the tokenized text
    std::vector<TokenId> suffix{};
    History history = History::all;
    std::vector<TokenId> end{};
    TokenId pad{};
    int vocabulary = 0;
    int tokens_max = 0;  // embedder: longer texts are cut, the last token stays
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
    std::string source;  // hub id of the checkpoint; may be empty
    std::string family;
    std::string digest;  // of manifest.json, which holds the digests of everything else
    BundleKind kind = BundleKind::captioner;
    Dtype dtype = Dtype::float32;
    PixelRecipe pixels;
    TextRecipe text;
    GenerationDefaults generation;  // captioner
    int positions = 0;  // captioner: length of a slot: image tokens + prompt + new tokens must fit
    int width = 0;      // embedder: of its vectors
};

}  // namespace vignette
