// The entry point: parses the options and runs the command they name.
#include "app/command_line.h"
#include "app/commands.h"
#include "core/memory/malloc_tuning.h"
#include "vignette/invariant.h"

int main(int argc, char** argv) {
    vignette::keep_freed_memory();
    const vignette::Parsed parsed = vignette::parse_options(argc, argv);
    if (!parsed.options) return parsed.exit_code;
    const vignette::Options& options = *parsed.options;
    vignette::start_logging(options.log_level, vignette::log_format(options));
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
