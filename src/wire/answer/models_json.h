// `vignette models list|show --json`: bundles as JSON. Pure, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace vignette {

enum class WeightsState {
    ready,    // all files are there and have the right size
    waiting,  // for `vignette models add`
    missing,  // files named in the manifest are absent or different
    unknown,  // the manifest cannot be read
};

std::string_view to_text(WeightsState state);

struct ModelSummary {
    std::string name;
    std::string path;
    std::string source;  // hub id; may be empty
    std::string family;
    std::string kind;
    std::string dtype;
    WeightsState weights = WeightsState::unknown;
    std::string weights_folder;  // where the weights are, or should be
    std::uint64_t bytes = 0;     // of the weights' files
    std::string problem;         // and what to do about it; empty if there is none
};

struct ModelFile {
    std::string role;  // program, tokenizer, weights
    std::string path;
    std::uint64_t bytes = 0;  // 0: the file is absent
};

struct ModelMemory {  // size of the weights in one type
    std::string dtype;
    std::uint64_t bytes = 0;
};

struct ModelDetails {
    ModelSummary summary;
    std::string digest;
    std::string picture;  // in words
    std::uint64_t tensors = 0;
    std::vector<ModelMemory> memory;  // empty if not known
    std::vector<ModelFile> files;
    // captioner
    std::string prompt_template;
    std::string default_prompt;
    int image_tokens = 0;  // per picture; 0: depends on its size
    int positions = 0;
    int max_length = 0;
    int max_length_limit = 0;
    int min_length = 0;
    int num_beams = 0;
    int num_beams_limit = 0;
    std::uint64_t slot_bytes = 0;
    int slots_cpu = 0;
    int slots_gpu = 0;  // at most: as many as fit
    // embedder
    int width = 0;
    int text_tokens_max = 0;
};

std::string format_models(const std::vector<ModelSummary>& models);
std::string format_model(const ModelDetails& model);

}  // namespace vignette
