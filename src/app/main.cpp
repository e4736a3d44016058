// The entry point: parses the options and runs the command they name.
#include <filesystem>

#include "app/command_line.h"
#include "app/commands.h"
#include "app/exit_codes.h"
#include "app/models/model_paths.h"
#include "app/output.h"
#include "core/log.h"
#include "core/memory/malloc_tuning.h"
#include "vignette/invariant.h"

namespace {

int run(const vignette::Options& options) {
    switch (options.command) {
        case vignette::Command::run: return run_event(options);
        case vignette::Command::caption: return caption_files(options);
        case vignette::Command::embed: return embed_all(options);
        case vignette::Command::serve: return serve(options);
        case vignette::Command::worker:
            return options.queue.empty() ? work_for_runpod(options) : work_for_queue(options);
        case vignette::Command::doctor: return doctor(options);
        case vignette::Command::models_list: return models_list(options);
        case vignette::Command::models_show: return models_show(options);
        case vignette::Command::models_verify: return models_verify(options);
        case vignette::Command::models_add: return models_add(options);
    }
    vignette::panic("Command out of range");
}

void warn_of_missing_models(const vignette::Options& options) {
    if (options.command == vignette::Command::models_add) return;  // which makes the folder
    for (const std::filesystem::path& folder : vignette::missing_model_folders()) {
        vignette::log_warning(
            "VIGNETTE_MODELS names " + folder.string() + ", which is not a folder; its models are not found"
        );
    }
}

int unless_output_is_lost(int code) {
    return vignette::output_arrived() || code != vignette::exit_fine ? code : vignette::exit_failed;
}

// These print only their log there: whoever reads it may leave.
bool is_service(vignette::Command command) {
    return command == vignette::Command::worker || command == vignette::Command::serve;
}

int run_command_line(int argc, char** argv) {
    const vignette::Parsed parsed = vignette::parse_options(argc, argv);
    if (!parsed.options) return unless_output_is_lost(parsed.exit_code);
    vignette::start_logging(parsed.options->log_level, vignette::log_format(*parsed.options));
    warn_of_missing_models(*parsed.options);
    const int code = run(*parsed.options);
    return is_service(parsed.options->command) ? code : unless_output_is_lost(code);
}

}  // namespace

int main(int argc, char** argv) {
    vignette::keep_freed_memory();
    vignette::guard_standard_streams();
    return run_command_line(argc, argv);
}
