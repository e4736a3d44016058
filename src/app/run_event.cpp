// `vignette run`: one mock event, as the platform would send it.
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <stop_token>

#include "app/commands.h"
#include "app/files.h"
#include "app/job_log.h"
#include "app/open_back.h"
#include "wire/job_json.h"
#include "wire/result_json.h"

namespace vignette {
namespace {

constexpr const char* default_event = "test_input.json";

Result<std::string> read_event(const Options& options) {
    if (options.test_input && !options.event_file.empty()) {
        return fail(ErrorCode::usage, "give --test_input or a file, not both");
    }
    if (options.test_input) return *options.test_input;
    if (options.event_file.starts_with('{')) {
        return fail(ErrorCode::usage, "FILE is the event itself; give JSON text with --test_input");
    }
    if (!options.event_file.empty()) return read_text_file(options.event_file, Limits{}.body_bytes_max);
    std::error_code ignored;
    if (!std::filesystem::exists(default_event, ignored)) {
        return fail(
            ErrorCode::usage,
            std::string("no event: give --test_input '{\"input\": {...}}', name a file, or put ") +
                default_event + " into this folder"
        );
    }
    return read_text_file(default_event, Limits{}.body_bytes_max);
}

// The job is read before anything heavy is loaded: a bad one is answered in milliseconds.
Result<Caption> run(std::string event, const Options& options, std::string& id) {
    Job job = TRY(parse_job(std::move(event), Limits{}));
    id = job.id.value;
    const CaptionerConfig config = TRY(captioner_config(options, job.model));
    const std::unique_ptr<Captioner> captioner = TRY(open_back(config));
    return captioner->caption(std::move(job), {});
}

}  // namespace

int run_event(const Options& options) {
    Result<std::string> event = read_event(options);
    if (!event) {
        log_error(event.error().message);
        return 2;
    }
    std::string id;
    const Result<Caption> outcome = run(std::move(*event), options, id);
    std::puts(format_result(outcome).c_str());
    log_job(id, outcome);
    return outcome ? 0 : 1;
}

}  // namespace vignette
