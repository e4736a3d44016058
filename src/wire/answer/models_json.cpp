#include "wire/answer/models_json.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace vignette {
namespace {

using nlohmann::ordered_json;

ordered_json text_or_null(const std::string& text) {
    return text.empty() ? ordered_json() : ordered_json(text);
}

// Paths are bytes and need not be UTF-8.
std::string dump(const ordered_json& value) {
    return value.dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json summary(const ModelSummary& model) {
    return {
        {"name", model.name},
        {"path", model.path},
        {"source", text_or_null(model.source)},
        {"family", text_or_null(model.family)},
        {"kind", text_or_null(model.kind)},
        {"dtype", text_or_null(model.dtype)},
        {"weights", to_text(model.weights)},
        {"weights_folder", text_or_null(model.weights_folder)},
        {"weights_bytes", model.bytes},
        {"problem", text_or_null(model.problem)},
    };
}

ordered_json captioner(const ModelDetails& model) {
    return {
        {"template", model.prompt_template},
        {"default_prompt", model.default_prompt},
        {"image_tokens", model.image_tokens == 0 ? ordered_json() : ordered_json(model.image_tokens)},
        {"positions", model.positions},
        {"max_length", model.max_length},
        {"max_length_limit", model.max_length_limit},
        {"min_length", model.min_length},
        {"num_beams", model.num_beams},
        {"num_beams_limit", model.num_beams_limit},
        {"slot_bytes", model.slot_bytes},
        {"slots", {{"cpu", model.slots_cpu}, {"cuda", model.slots_gpu}}},
    };
}

}  // namespace

std::string_view to_text(WeightsState state) {
    switch (state) {
        case WeightsState::ready: return "ready";
        case WeightsState::waiting: return "waiting";
        case WeightsState::missing: return "missing";
        case WeightsState::unknown: return "unknown";
    }
    return "unknown";
}

std::string format_models(const std::vector<ModelSummary>& models) {
    ordered_json rows = ordered_json::array();
    for (const ModelSummary& model : models) rows.push_back(summary(model));
    return dump({{"models", std::move(rows)}});
}

std::string format_model(const ModelDetails& model) {
    ordered_json made = summary(model.summary);
    made["digest"] = model.digest;
    made["picture"] = model.picture;
    made["tensors"] = model.tensors;
    made["memory"] = ordered_json::object();
    for (const ModelMemory& one : model.memory) made["memory"][one.dtype] = one.bytes;
    made["files"] = ordered_json::array();
    for (const ModelFile& file : model.files)
        made["files"].push_back({{"role", file.role}, {"path", file.path}, {"bytes", file.bytes}});
    if (model.summary.kind == "captioner") {
        made["captioner"] = captioner(model);
    } else {
        made["embedder"] = {{"width", model.width}, {"text_tokens_max", model.text_tokens_max}};
    }
    return dump(made);
}

}  // namespace vignette
