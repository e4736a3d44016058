// What a model bundle's manifest says about pictures, text and generation. Values only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "vignette/ids.h"
#include "vignette/image.h"
#include "vignette/job.h"

namespace vignette {

enum class Dtype { float32, float16, bfloat16, int8 };  // int8: of weights only

// What an operator wants weights to be. On a CPU all that is computed is float32 then.
enum class Precision { fp32, fp16, bf16, int8, fp8 };

enum class BundleKind { captioner, embedder };

enum class PixelMethod {
    stretch,  // to `size`, ignoring the aspect ratio
    crop,     // scale the shortest edge to `shortest_edge`, then crop the centre to `size`
    anyres,   // tiles of `size`: first the whole picture, then the tiles of the best fit in `pinpoints`
    fit,      // its own shape, in whole patches, with `pixels_min` to `pixels_max` pixels
};

// Whose bicubic resize: torch and Pillow round in other places.
enum class Resampling { torch, pillow };

// After resizing: (value * rescale - mean) / std, applied to bytes. torch's have the factor 1/255 folded into
// mean and std, as in the reference.
struct PixelRecipe {
    PixelMethod method = PixelMethod::stretch;
    Resampling resampling = Resampling::torch;
    Size size;  // fit: a square of pixels_max
    float mean[3] = {};
    float std[3] = {};
    double rescale = 1;
    int shortest_edge = 0;        // crop
    std::vector<Size> pinpoints;  // anyres
    int patch = 0;                // anyres, fit: side of what becomes one placeholder
    int pixels_min = 0;           // fit
    int pixels_max = 0;
};

enum class Placement {
    before,       // all placeholders precede the prompt
    placeholder,  // the template says where; each image token in it is repeated as often as its picture needs
};

// Which part of a prompt counts as already said, for the repetition penalty and n-grams.
enum class History { all, text, suffix };

struct PresetPrompt {  // the best prompt to get a preset from this model
    Preset preset{};
    std::string prompt;
};

// In what a model counts where things are in a picture.
enum class BoxUnit {
    none,         // it was not taught to
    pixels,       // of the picture as it was resized for the model
    thousandths,  // of its width and height
};

struct TextRecipe {
    std::string prompt_template;  // contains {prompt}, and {images} for one `image_text` per picture
    std::string image_text;
    std::string default_prompt;
    std::vector<PresetPrompt> presets{};  // those for which the program's own prompts do not suit
    BoxUnit boxes = BoxUnit::none;
    Placement placement = Placement::before;
    TokenId image_token{};
    int image_tokens = 0;           // per picture; 0: depends on the picture's size
    bool special_tokens = true;     // whether the tokenizer adds its special tokens
    std::vector<TokenId> prefix{};  // these two enclose the tokenized text
    std::vector<TokenId> suffix{};
    History history = History::all;
    std::vector<TokenId> end{};
    TokenId pad{};
    int vocabulary = 0;
    int tokens_max = 0;  // embedder: longer texts are truncated, keeping the last token
};

// How frames of a film stand together in one prompt: as groups that the model looks at as a whole, each with
// its own places. Frames keep their shape (fit) unless `crop` says otherwise; then they are all of one size.
struct FilmRecipe {
    int frames = 0;              // of a group
    std::string text;            // what stands where a picture would; contains {groups}
    std::string group_text;      // of each group; may contain {seconds}, when it is shown
    TokenId token{};             // in it, repeated for each place
    bool shares_pixels = false;  // fit: whether the next two are of all frames of a film, or of each of them
    std::int64_t pixels_min = 0;
    std::int64_t pixels_max = 0;
    int tokens_max = 0;        // placeholders of a whole film; fit: as its pixels are counted
    int ticks_per_second = 0;  // of time as a place; 0: only the text, or nothing, says when a group is shown
    std::optional<PixelRecipe> crop{};
    int group_tokens = 0;  // crop: placeholders of a group

    // In one prompt; none: where there are more of them, they become smaller.
    std::optional<int> frames_max() const {
        return crop ? std::optional(tokens_max / group_tokens * frames) : std::nullopt;
    }
};

struct GenerationDefaults {
    int max_length = 40;
    int max_length_limit = 50;
    int min_length = 8;
    int num_beams = 3;
    int num_beams_limit = 3;
    double length_penalty = 1.0;
    double repetition_penalty = 1.0;
    bool early_stopping = false;
};

struct BundleInfo {
    std::string name;
    std::string source;  // the checkpoint's id on the hub; may be empty
    std::string family;
    std::string digest;  // of manifest.json, which in turn holds the digests of all other files
    BundleKind kind = BundleKind::captioner;
    Dtype dtype = Dtype::float32;    // what is computed in
    Dtype weights = Dtype::float32;  // of linear layers, the most of all weights
    PixelRecipe pixels;
    TextRecipe text;
    std::optional<FilmRecipe> film;  // captioner; none: it is shown films frame by frame
    GenerationDefaults generation;   // captioner
    int positions = 0;               // captioner: slot length; image tokens + prompt + new tokens must fit
    int width = 0;                   // embedder: dimensions of its vectors
};

}  // namespace vignette
