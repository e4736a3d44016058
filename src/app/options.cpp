#include "app/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>

#include "app/places.h"

namespace vignette {
namespace {

constexpr const char* examples = R"(Examples:
  vignette caption photo.jpg                       one line: what the picture shows
  vignette caption --json *.png | jq .caption      the whole answer, one JSON object a line
  vignette run --test_input '{"input": {"data_url": "data:image/png;base64,..."}}'
  vignette run test/events/scene-1.json            a mock event, as RunPod would send it
  vignette doctor                                  is everything here that is needed?

Results go to stdout, logs to stderr. Exit code: 0 fine, 1 a job failed, 2 wrong usage.
Every option may also be set by its variable, or in vignette.toml: model = "demo-blip2".)";

void add_common(CLI::App& app, Options& options) {
    app.add_option("--model", options.model, "Bundle: a name in models/, or a folder")
        ->envname("VIGNETTE_MODEL")
        ->capture_default_str();
    app.add_option("--device", options.device, "Where the model computes")
        ->envname("VIGNETTE_DEVICE")
        ->check(CLI::IsMember({"auto", "cpu", "cuda"}))
        ->capture_default_str();
    app.add_option("--threads", options.threads, "CPU threads of the model; 0: one for each core")
        ->envname("VIGNETTE_THREADS")
        ->check(CLI::Range(0, 1024))
        ->capture_default_str();
    app.add_option("--slots", options.slots, "Beams that run at once; 0: as many as suit the device")
        ->envname("VIGNETTE_SLOTS")
        ->check(CLI::Range(0, 4096))
        ->capture_default_str();
    const std::map<std::string, LogLevel> levels{
        {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning},
        {"error", LogLevel::error}, {"off", LogLevel::off},
    };
    app.add_option("--log-level", options.log_level, "debug, info, warning, error or off")
        ->envname("VIGNETTE_LOG_LEVEL")
        ->transform(CLI::CheckedTransformer(levels, CLI::ignore_case).description(""));
}

CLI::App* add_run(CLI::App& app, Options& options) {
    CLI::App* run = app.add_subcommand("run", "Run one mock event and print its result as JSON");
    run->add_option("--test_input", options.test_input, "The event as JSON text: {\"input\": {...}}");
    run->add_option("FILE", options.event_file, "The event in a file, - for stdin; default test_input.json");
    return run;
}

CLI::App* add_caption(CLI::App& app, Options& options) {
    CLI::App* caption = app.add_subcommand("caption", "Describe picture files, one line each");
    caption->add_option("FILE", options.files, "Pictures: JPEG, PNG, WebP, BMP")->required();
    caption->add_flag("--json", options.json, "Print each result object as one line of JSON");
    caption->add_flag("--tokens", options.caption.return_tokens, "Add the token ids to the JSON");
    caption->add_option(
        "--prompt", options.caption.prompt, "Text the caption continues; the bundle has a default"
    );
    caption->add_option("--max_length", options.caption.max_length, "New tokens at most");
    caption->add_option("--min_length", options.caption.min_length, "New tokens at least");
    caption->add_option("--num_beams", options.caption.num_beams, "1: greedy; more: beam search");
    caption->add_option("--parallel", options.parallel, "Pictures in work at once")
        ->check(CLI::Range(1, 64))
        ->capture_default_str();
    return caption;
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
    Options options;
    CLI::App app("Vignette describes pictures.", "vignette");
    app.footer(examples);
    app.set_version_flag("--version", std::string("vignette ") + VIGNETTE_VERSION);
    app.set_config("--config", "vignette.toml", "Settings file");
    app.fallthrough();
    app.require_subcommand(1);
    add_common(app, options);
    add_run(app, options)->callback([&] { options.command = Command::run; });
    add_caption(app, options)->callback([&] { options.command = Command::caption; });
    app.add_subcommand("doctor", "Check this machine and say what to do about what is missing")
        ->callback([&] { options.command = Command::doctor; });
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& stopped) {
        const bool asked_for = stopped.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success);
        app.exit(stopped);
        if (dynamic_cast<const CLI::RequiredError*>(&stopped) != nullptr && app.get_subcommands().empty()) {
            std::fputs("The commands are run, caption and doctor.\n", stderr);
        }
        return {.options = std::nullopt, .exit_code = asked_for ? 0 : 2};
    }
    return {.options = std::move(options), .exit_code = 0};
}

Result<CaptionerConfig> captioner_config(const Options& options, std::string_view job_model) {
    CaptionerConfig config;
    config.bundle =
        TRY(job_model.empty() ? find_bundle(options.model)
                              : about("input.model", find_named_bundle(job_model)));
    config.device = options.device;
    config.slots = options.slots;
    config.threads = options.threads;
    return config;
}

}  // namespace vignette
