// `vignette models show`: one bundle in detail, and how to call it.
#include <cstdio>

#include "app/commands.h"
#include "app/models/find_bundle.h"
#include "app/models/model_facts.h"
#include "app/progress.h"
#include "core/log.h"

namespace vignette {
namespace {

void line(const char* what, const std::string& text) { std::printf("%-12s %s\n", what, text.c_str()); }

std::string quoted(const std::string& text) {
    std::string made = "\"";
    for (const char c : text) made += c == '\n' ? "\\n" : std::string(1, c);
    return made + "\"";
}

std::string memory_text(const ModelDetails& model) {
    std::string text;
    for (const ModelMemory& one : model.memory)
        text += (text.empty() ? "" : ", ") + one.dtype + " " + size_text(one.bytes);
    return text.empty() ? "not known before the weights are here" : text;
}

void print_captioner(const ModelDetails& model) {
    line(
        "slot", size_text(model.slot_bytes) + " for " + std::to_string(model.positions) +
                    " positions; by default " + std::to_string(model.slots_cpu) +
                    " slots on the CPU, on a GPU as many as fit, at most " + std::to_string(model.slots_gpu)
    );
    line(
        "image tokens", model.image_tokens == 0 ? "as many as the picture's size needs"
                                                : std::to_string(model.image_tokens) + " for each picture"
    );
    line("template", quoted(model.prompt_template));
    line("prompt", quoted(model.default_prompt) + ", unless the job has one");
    line(
        "limits", "max_length " + std::to_string(model.max_length) + " (at most " +
                      std::to_string(model.max_length_limit) + "), min_length " +
                      std::to_string(model.min_length) + ", num_beams " + std::to_string(model.num_beams) +
                      " (at most " + std::to_string(model.num_beams_limit) + ")"
    );
}

void print_embedder(const ModelDetails& model) {
    line("vectors", "of " + std::to_string(model.width) + " numbers");
    line("limits", "texts of " + std::to_string(model.text_tokens_max) + " tokens; longer ones are cut");
}

void print_call(const ModelDetails& model, const std::string& asked_for) {
    if (model.summary.weights == WeightsState::waiting) {
        const std::string& source = model.summary.source;
        std::printf("\nAdd its weights:  vignette models add %s\n", source.empty() ? "PATH" : source.c_str());
        return;
    }
    const std::string embedding = model.summary.kind == "embedder" ? "\"task\": \"embed\", " : "";
    if (embedding.empty())
        std::printf("\nCall it:  vignette caption --model %s photo.jpg\n", asked_for.c_str());
    std::printf(
        "%s  {\"input\": {%s\"model\": \"%s\", \"data_url\": \"data:image/jpeg;base64,...\"}}\n",
        embedding.empty() ? "a job:  " : "\nA job:  ", embedding.c_str(), model.summary.name.c_str()
    );
}

void print(const ModelDetails& model, const std::string& asked_for) {
    const ModelSummary& summary = model.summary;
    line("name", summary.name);
    line("checkpoint", summary.source.empty() ? "-" : summary.source);
    line("family", summary.family + ", " + summary.kind);
    line("dtype", summary.dtype);
    line("memory", memory_text(model));
    line("picture", model.picture);
    if (summary.kind == "captioner") {
        print_captioner(model);
    } else {
        print_embedder(model);
    }
    line(
        "weights",
        std::string(to_text(summary.weights)) + (summary.problem.empty() ? "" : ": " + summary.problem)
    );
    for (const ModelFile& file : model.files)
        line("file", (file.bytes == 0 ? std::string("missing") : size_text(file.bytes)) + "  " + file.path);
    print_call(model, asked_for);
}

}  // namespace

int models_show(const Options& options) {
    const Result<std::filesystem::path> folder = find_bundle_or_ready(options.target);
    const Result<Manifest> manifest = folder ? read_manifest(*folder) : std::unexpected(folder.error());
    if (!manifest) {
        log_error(manifest.error().message);
        return 1;
    }
    const ModelDetails details = describe(*folder, *manifest);
    if (options.json) {
        std::puts(format_model(details).c_str());
    } else {
        print(details, options.target);
    }
    return 0;
}

}  // namespace vignette
