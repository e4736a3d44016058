#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <system_error>
#include <utility>

#include "app/exit_codes.h"
#include "app/files/options.h"
#include "app/models/options.h"
#include "app/output.h"
#include "app/serving/serve_options.h"
#include "app/url_options.h"
#include "app/usage/checks.h"
#include "app/usage/help.h"
#include "app/usage/known_names.h"
#include "app/usage/settings_file.h"
#include "app/usage/wrong_usage.h"
#include "core/enum_text.h"
#include "core/environment.h"

namespace vignette {
namespace {

constexpr const char* examples = R"(Examples:
  vignette caption photo.jpg                       one line: what the picture shows
  vignette caption https://example.com/photo.jpg   a picture on the web
  vignette caption --json *.png | jq .caption      the whole answer, one JSON object a line
  vignette caption --preset alt_text photo.jpg     one sentence of at most 125 characters, for an alt attribute
  vignette caption --fps 0.5 film.mp4              one frame every two seconds, one line each
  vignette embed photo.jpg --text "a red circle"   vectors; their dot product says how well they match
  vignette run --test_input '{"input": {"data_url": "data:image/png;base64,..."}}'
  vignette run test/events/scene-1.json            a mock event, as RunPod would send it
  vignette serve                                   answer over HTTP: http://127.0.0.1:8000
  vignette worker                                  take jobs from RunPod; the default in its containers
  vignette doctor                                  check that everything needed is here
  vignette models add Salesforce/blip2-opt-2.7b    use a downloaded checkpoint; `models list` shows all
  vignette caption --help                          all options of a command)";

constexpr const char* run_examples = R"(Examples:
  vignette run test/events/scene-1.json            a mock event, as RunPod would send it
  vignette run --test_input '{"input": {"data_url": "data:image/png;base64,..."}}')";

void add_precision(CLI::App& app, Options& options) {
    const std::map<std::string, Precision> precisions{
        {"fp32", Precision::fp32},
        {"fp16", Precision::fp16},
        {"bf16", Precision::bf16},
        {"8bit", Precision::int8},
        {"fp8", Precision::fp8}
    };
    app.add_option_function<Precision>(
           "--precision", [&options](const Precision& precision) { options.precision = precision; },
           "What the model's weights are: fp32, fp16, bf16 or, on a CPU, 8bit; default: as the bundle says"
    )
        ->envname("PRECISION_MODE")
        ->transform(one_of(precisions));
}

void add_common(CLI::App& app, Options& options) {
    app.add_option("--model", options.model, "Bundle: a name in models/, or a folder")
        ->envname("VIGNETTE_MODEL")
        ->capture_default_str();
    app.add_option(
           "--device", options.device, "Where the model computes; cuda: the GPU with the most free memory"
    )
        ->envname("VIGNETTE_DEVICE")
        ->transform(device())
        ->capture_default_str();
    add_precision(app, options);
    app.add_option("--threads", options.threads, "CPU threads of the model; 0: one for each core it may use")
        ->envname("VIGNETTE_THREADS")
        ->transform(whole_number(0, 1024))
        ->capture_default_str();
    app.add_option("--slots", options.slots, "Beams that run at once; 0: as many as fit the device")
        ->envname("VIGNETTE_SLOTS")
        ->transform(whole_number(0, 4096))
        ->capture_default_str();
    app.add_option(
           "--picture-tokens-max", options.picture_tokens_max,
           "The most tokens a picture may have, for Qwen-VL; 0: the bundle's own limit, 1280"
    )
        ->envname("VIGNETTE_PICTURE_TOKENS")
        ->transform(whole_number(0, 16'384))
        ->capture_default_str();
    app.add_option("--embedder", options.embedder, "Bundle for vectors; \"\" for none")
        ->envname("VIGNETTE_EMBEDDER")
        ->capture_default_str();
    add_switch(app, "--disable-captions", options.disable_captions, "Vectors only: no captioner is loaded")
        ->envname("DISABLE_CAPTIONS");
    app.add_option("--models-max", options.models_max, "Models in memory at once")
        ->envname("VIGNETTE_MODELS_MAX")
        ->transform(whole_number(2, 64))
        ->capture_default_str();
    app.add_option(
           "--idle-unload-s", options.idle_unload_s, "Unload a model after this many idle seconds; 0: never"
    )
        ->envname("VIGNETTE_IDLE_UNLOAD_S")
        ->transform(whole_number(0, 604'800))
        ->capture_default_str();
    app.add_option(
           "--cuda-graphs", options.cuda_graphs,
           "On a GPU: ask for each decode step in one call (CUDA graphs)"
    )
        ->envname("VIGNETTE_CUDA_GRAPHS")
        ->transform(one_of({"on", "off"}))
        ->capture_default_str();
    app.add_option(
           "--sandbox", options.sandbox, "Open pictures and films in processes that can reach nothing else"
    )
        ->envname("VIGNETTE_SANDBOX")
        ->transform(one_of({"on", "off"}))
        ->capture_default_str();
}

void add_logging(CLI::App& app, Options& options) {
    const std::map<std::string, LogLevel> levels{
        {"debug", LogLevel::debug}, {"info", LogLevel::info}, {"warning", LogLevel::warning},
        {"error", LogLevel::error}, {"off", LogLevel::off},
    };
    app.add_option("--log-level", options.log_level, "debug, info, warning, error or off")
        ->envname("VIGNETTE_LOG_LEVEL")
        ->transform(one_of(levels));
    app.add_option_function<std::string>(
           "--log-format", [&options](const std::string& format) { options.log_json = format == "json"; },
           "text, or json: one object a line"
    )
        ->envname("VIGNETTE_LOG_FORMAT")
        ->transform(one_of({"text", "json"}));
}

CLI::App* add_run(CLI::App& app, Options& options) {
    CLI::App* run = app.add_subcommand("run", "Run one mock event and print its result as JSON");
    run->add_option("--test_input", options.test_input, "The event as JSON text: {\"input\": {...}}");
    run->add_option("FILE", options.event_file, "The event in a file, - for stdin; default test_input.json");
    run->footer(run_examples);
    return run;
}

void add_batching(CLI::App& command, Options& options) {
    command.add_option("--batch-size", options.batch_size, "Pictures that start together at most")
        ->envname("BATCH_SIZE")
        ->transform(whole_number(1, 256))
        ->capture_default_str();
    command
        .add_option(
            "--batch-timeout-ms", options.batch_timeout_ms,
            "How long a picture waits for company where nothing else runs"
        )
        ->envname("BATCH_TIMEOUT_MS")
        ->transform(whole_number(0, 1000))
        ->capture_default_str();
}

// What both of those that run until they are stopped take.
void add_running(CLI::App& command, Options& options) {
    command
        .add_option(
            "--queue", options.queue,
            "Where jobs are kept: serve: sqlite:FILE, across restarts; worker and gateway: "
            "redis://[user:password@]host:port/db"
        )
        ->envname("VIGNETTE_QUEUE");
    command
        .add_option(
            "--concurrency", options.concurrency, "Pictures at once; 0: as many as the model has slots for"
        )
        ->envname("VIGNETTE_CONCURRENCY")
        ->transform(whole_number(0, 256))
        ->capture_default_str();
    add_batching(command, options);
    command
        .add_option(
            "--cache-mib", options.cache_mib,
            "MiB of answers kept for the same job asked again; 0: none. serve: 64, worker: 0"
        )
        ->envname("VIGNETTE_CACHE_MIB")
        ->transform(whole_number(0, 65'536));
    command
        .add_option(
            "--vision-cache-mib", options.vision_cache_mib,
            "MiB of what the model saw in pictures, kept for further questions; 0: none. serve: 256, worker: "
            "0"
        )
        ->envname("VIGNETTE_VISION_CACHE_MIB")
        ->transform(whole_number(0, 65'536));
    add_cache_folder(command, options);
    command.add_option("--grace-s", options.grace_s, "Seconds from SIGTERM to the end")
        ->envname("VIGNETTE_GRACE_S")
        ->transform(whole_number(1, 86'400))
        ->capture_default_str();
}

CLI::App* add_serve(CLI::App& app, Options& options) {
    CLI::App* serve = app.add_subcommand("serve", "Answer over HTTP until stopped");
    serve->footer(
        "Examples:\n"
        "  vignette serve                                     for this machine only, without a key\n"
        "  vignette serve --host 0.0.0.0 --api-key-file keys  for others, each with a key\n"
        "  ... --tls-cert chain.pem --tls-key key.pem         over HTTPS\n"
        "  ... --rate-limit 600 --admin-key-file admins       600 requests a minute and key\n"
        "\n"
        "It speaks the APIs of RunPod and OpenAI, and its own; docs/server.md\n"
        "SIGTERM ends it: jobs that it has taken are finished and answered first."
    );
    add_server_options(*serve, options.serve);
    add_running(*serve, options);
    return serve;
}

CLI::App* add_worker(CLI::App& app, Options& options) {
    CLI::App* worker = app.add_subcommand("worker", "Take jobs from RunPod, or from --queue, until stopped");
    worker->footer(
        "RunPod's own variables (RUNPOD_WEBHOOK_GET_JOB and others) say where jobs come from and results "
        "go.\n"
        "SIGTERM ends it: running jobs are finished and posted first. docs/deploy-runpod.md"
    );
    add_running(*worker, options);
    worker
        ->add_option(
            "--queue-idle-s", options.queue_idle_s,
            "Seconds of silence after which a worker's jobs are taken from it; with --queue"
        )
        ->envname("VIGNETTE_QUEUE_IDLE_S")
        ->transform(whole_number(1, 86'400))
        ->capture_default_str();
    worker
        ->add_option(
            "--outbox", options.outbox, "Folder that keeps results until RunPod has them, even across crashes"
        )
        ->envname("VIGNETTE_OUTBOX");
    add_switch(*worker, "--refresh-worker", options.refresh_worker, "Ask for a fresh worker after each job")
        ->envname("VIGNETTE_REFRESH_WORKER");
    return worker;
}

// RunPod sets this variable in its containers, so there the program knows its job without arguments.
bool called_by_runpod() {
    const char* url = std::getenv("RUNPOD_WEBHOOK_GET_JOB");
    return url != nullptr && *url != '\0';
}

bool about_itself(const std::vector<std::string>& words) {
    return std::ranges::any_of(words, [](const std::string& word) {
        return word == "--help" || word == "-h" || word == "--version";
    });
}

std::vector<std::string> arguments(int argc, char** argv, const CLI::App& app) {
    std::vector<std::string> words(argv + 1, argv + argc);
    const std::vector<std::string> commands = command_names(app);
    const bool command_given = std::ranges::find_first_of(words, commands) != words.end();
    if (!command_given && !about_itself(words)) {
        if (asks_for_server(words)) {
            words.insert(words.begin(), "serve");
        } else if (called_by_runpod()) {
            words.insert(words.begin(), "worker");
        }
    }
    // CLI11 reads the settings file before it looks at variables.
    const std::string settings = variable("VIGNETTE_CONFIG");
    const auto names_settings = [](const std::string& word) { return word.starts_with("--config"); };
    if (!settings.empty() && std::ranges::none_of(words, names_settings)) {
        words.insert(words.begin(), "--config=" + settings);
    }
    return spelled_as_declared(app, std::move(words));
}

// The platform's own name for the level, where ours is not set.
void honour_platform_log_level() {
    const char* level = std::getenv("RUNPOD_LOG_LEVEL");
    if (level == nullptr) return;
    const std::map<std::string, const char*> known{{"TRACE", "debug"},     {"DEBUG", "debug"},
                                                   {"INFO", "info"},       {"WARN", "warning"},
                                                   {"WARNING", "warning"}, {"ERROR", "error"}};
    if (const auto ours = known.find(level); ours != known.end())
        setenv("VIGNETTE_LOG_LEVEL", ours->second, 0);
}

CLI::App* add_doctor(CLI::App& app, Options& options) {
    CLI::App* doctor = app.add_subcommand("doctor", "Check this machine and say how to fix what is missing");
    add_switch(
        *doctor, "--deep", options.deep, "Also hash the weights, start the model and describe a picture"
    );
    return doctor;
}

void add_commands(CLI::App& app, Options& options) {
    add_common(app, options);
    add_logging(app, options);
    add_url_options(app, options.urls);
    add_caption(app, options)->callback([&] { options.command = Command::caption; });
    add_embed(app, options)->callback([&] { options.command = Command::embed; });
    add_run(app, options)->callback([&] { options.command = Command::run; });
    add_serve(app, options)->callback([&] { options.command = Command::serve; });
    add_worker(app, options)->callback([&] { options.command = Command::worker; });
    add_doctor(app, options)->callback([&] { options.command = Command::doctor; });
    add_models(app, options);
}

// What no check of a single value can see.
std::optional<std::string> contradiction(const Options& options) {
    const std::vector<double>& times = options.frames.timestamps;
    if (std::ranges::adjacent_find(times, std::greater_equal{}) == times.end()) return std::nullopt;
    return "--timestamps: give each time once, in rising order: 0,2.5,10";
}

// A settings file of the current folder may be a stranger's, or be meant: the user must say.
void tell_unused_settings(const std::string& used) {
    std::error_code error;
    if (!std::filesystem::exists("vignette.toml", error)) return;
    if (!used.empty() && std::filesystem::equivalent("vignette.toml", used, error)) return;
    std::fputs(
        "vignette: the vignette.toml of this folder is not used; if it is yours: --config vignette.toml\n",
        stderr
    );
}

Parsed told(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    output_arrived();
    return {.options = std::nullopt, .exit_code = exit_fine};
}

Parsed refused(const std::string& text) {
    std::fputs(text.c_str(), stderr);
    return {.options = std::nullopt, .exit_code = exit_usage};
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
    Options options;
    CLI::App app("Vignette describes pictures and films in words.", "vignette");
    const auto settings = std::make_shared<SettingsFile>(app);
    app.footer(common_footer);
    app.group("Commands");
    app.formatter(help_format());
    app.config_formatter(settings);
    app.set_help_flag("-h,--help", "Show this help");
    app.set_version_flag("--version", std::string("vignette ") + VIGNETTE_VERSION, "Show the version");
    app.set_config("--config", own_settings_file(), "Settings file")->envname("VIGNETTE_CONFIG");
    app.fallthrough();
    app.require_subcommand(1);
    honour_platform_log_level();
    honour_platform_ports();
    add_commands(app, options);
    app.footer(std::string(examples) + "\n\n" + common_footer);
    const std::vector<std::string> words = arguments(argc, argv, app);
    try {
        app.parse(std::vector<std::string>(words.rbegin(), words.rend()));  // as CLI11 takes them
    } catch (const CLI::CallForHelp&) {
        return told(app.help());
    } catch (const CLI::CallForVersion&) {
        return told(app.version() + "\n");
    } catch (const CLI::ParseError& error) {
        const bool is_file = dynamic_cast<const CLI::ConfigError*>(&error) != nullptr;
        if (is_file && about_itself(words)) return told(command_of(app, words).help());
        return refused(wrong_usage(app, error, words, *settings));
    }
    if (const std::optional<std::string> wrong = contradiction(options)) {
        return refused("vignette: " + *wrong + "\n");
    }
    tell_unused_settings(app.get_config_ptr()->as<std::string>());
    return {.options = std::move(options), .exit_code = exit_fine};
}

}  // namespace vignette
