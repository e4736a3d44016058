// What the command line, the environment and vignette.toml say, as values. One name for each setting in all
// three.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/log.h"
#include "vignette/captioner.h"
#include "vignette/job.h"

namespace vignette {

enum class Command { run, caption, worker, doctor };

struct Options {
    Command command = Command::run;
    std::string model = "demo-blip2";
    std::string device = "auto";
    int threads = 0;
    int slots = 0;
    LogLevel log_level = LogLevel::info;

    // run
    std::optional<std::string> test_input;
    std::string event_file;

    // caption
    std::vector<std::string> files;
    CaptionOptions caption;
    bool json = false;
    int parallel = 4;

    // worker
    int concurrency = 0;
    int grace_s = 25;
    std::string outbox;
    bool refresh_worker = false;

    // doctor
    bool deep = false;
};

// Either what to do, or the exit code to leave with at once: help was asked for (0) or the usage was wrong
// (2).
struct Parsed {
    std::optional<Options> options;
    int exit_code = 0;
};

Parsed parse_options(int argc, char** argv);

// The platform's own format where it runs the worker, so that its log view can show levels and jobs.
LogFormat log_format(const Options& options);

// Everything the back needs, with the bundle found: the one that the job names, or else the operator's.
Result<CaptionerConfig> captioner_config(const Options& options, std::string_view job_model = {});

}  // namespace vignette
