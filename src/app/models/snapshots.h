// Finds snapshots downloaded from the Hugging Face hub. Nothing is read but names and the small file
// that says which revision is the current one.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"

namespace vignette {

// "Salesforce/blip2-opt-2.7b": an owner and a name, and nothing that could lead somewhere else.
bool is_hub_id(std::string_view text);

// The caches in the order in which they are asked: $HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub and
// RunPod's folder of cached models ($VIGNETTE_RUNPOD_CACHE where that is elsewhere).
std::vector<std::filesystem::path> hub_caches();

struct FoundSnapshot {
    std::filesystem::path folder;  // with config.json and the weights
    std::string id;                // empty where the folder's path does not say
};

// In all caches and, as plain folders, in the model folders. Whole or not; the first one to be asked first.
std::vector<FoundSnapshot> find_snapshots(std::string_view id);

// A folder with the files, or a model's folder in a cache (models--org--name): its current revision is used.
Result<FoundSnapshot> snapshot_at(const std::filesystem::path& path);

}  // namespace vignette
