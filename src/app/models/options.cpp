#include "app/models/options.h"

#include <CLI/CLI.hpp>
#include <map>

#include "app/usage/checks.h"

namespace vignette {
namespace {

constexpr const char* models_footer = R"(Examples:
  vignette models list                             what can be used by name, and what waits for its weights
  vignette models add Salesforce/blip2-opt-2.7b    use a checkpoint from the caches of Hugging Face or RunPod
  vignette models add ~/snapshots/llava --name big a snapshot folder, under a name of your own
  vignette models show blip2-opt-2.7b              memory, limits, prompt, files, how to call it
  vignette models verify blip2-opt-2.7b            every digest, every weight's name and shape

A bundle is a small folder: the weights stay where they are. scripts/fetch-model ID downloads a checkpoint.
docs/models.md has the fourteen checkpoints that are known, and how much memory they take.)";

constexpr const char* add_footer =
    R"(Looks for an id in $HF_HUB_CACHE, $HF_HOME/hub, ~/.cache/huggingface/hub, RunPod's folder of cached models
and models/. Checks that every file and every weight is there, tells all that is not, and writes a bundle.
Nothing is downloaded and no weights are copied. A second run after a newer download updates the bundle.)";

CLI::App* add_target(CLI::App& models, Options& options, const char* name, const char* about) {
    CLI::App* command = models.add_subcommand(name, about);
    command
        ->add_option("MODEL", options.target, "A name, the hub's id of the checkpoint, or a bundle's folder")
        ->required();
    return command;
}

CLI::App* add_add(CLI::App& models, Options& options) {
    CLI::App* add = models.add_subcommand("add", "Make a bundle of a snapshot that is on this machine");
    add->footer(add_footer);
    add->add_option("SNAPSHOT", options.target, "The hub's id, or a folder with config.json and safetensors")
        ->required();
    add->add_option("--name", options.bundle_name, "Of the bundle; default: the checkpoint's own");
    add->add_option(
        "--to", options.bundle_folder,
        "Folder of bundles; default: the first of $VIGNETTE_MODELS, or the models/ of this program"
    );
    const std::map<std::string, Dtype> dtypes{
        {"float32", Dtype::float32}, {"float16", Dtype::float16}, {"bfloat16", Dtype::bfloat16}
    };
    add->add_option_function<Dtype>(
           "--dtype", [&options](const Dtype& dtype) { options.dtype = dtype; },
           "To compute in: float32, float16 or bfloat16; default: what suits the checkpoint"
    )
        ->transform(one_of(dtypes));
    return add;
}

}  // namespace

void add_models(CLI::App& app, Options& options) {
    CLI::App* models = app.add_subcommand("models", "List, add, show and verify models");
    models->footer(models_footer);
    models->require_subcommand(1);
    const auto chooses = [&options](Command command) {
        return [&options, command] { options.command = command; };
    };
    CLI::App* list = models->add_subcommand("list", "All bundles that can be used by name");
    add_switch(*list, "--json", options.json, "For programs");
    list->callback(chooses(Command::models_list));
    CLI::App* show = add_target(*models, options, "show", "One bundle in detail, and how to call it");
    add_switch(*show, "--json", options.json, "For programs");
    show->callback(chooses(Command::models_show));
    CLI::App* verify = add_target(*models, options, "verify", "Check every byte of a bundle");
    add_switch(*verify, "--deep", options.deep, "Also open the model as a caption would");
    verify->callback(chooses(Command::models_verify));
    add_add(*models, options)->callback(chooses(Command::models_add));
}

}  // namespace vignette
