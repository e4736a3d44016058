// `vignette run`: a mock event, as the platform would send it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "app/commands.h"
#include "app/files/read_file.h"
#include "app/open_back.h"
#include "app/url_options.h"
#include "core/log.h"
#include "jobs/job_work.h"
#include "wire/answer/result_json.h"
#include "wire/dialects/any_job.h"

namespace vignette {
namespace {

constexpr const char* default_event = "test_input.json";

Result<std::string> read_event(const Options& options) {
    if (options.test_input && !options.event_file.empty()) {
        return fail(ErrorCode::usage, "give --test_input or a file, not both");
    }
    if (options.test_input) return *options.test_input;
    if (options.event_file.starts_with('{')) {
        return fail(ErrorCode::usage, "FILE looks like JSON text; pass that with --test_input");
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

// Loads nothing if no item can be described: a bad request is answered in milliseconds.
Result<std::unique_ptr<Captioner>> open_for(
    const Request& request, const Options& options, Fetcher& fetcher
) {
    const bool is_bad =
        std::ranges::none_of(request.items, [](const Item& item) { return item.job.has_value(); });
    if (is_bad && !request.film) return nullptr;
    CaptionerConfig config = TRY(captioner_config(options, /*lazy=*/true));
    config.fetcher = &fetcher;
    return open_back(config);
}

int fail_request(const JobId& id, const Error& error) {
    std::puts(format_result(std::unexpected(error)).c_str());
    log_job_failed(id, error);
    return 1;
}

// A streamed film prints each frame once it is described, before the whole answer.
JobHooks hooks_for(const Request& request) {
    if (!request.film || is_whole(request.film->options)) return {};
    return {.on_event = [](const StreamEvent& event) {
        if (const auto* frame = std::get_if<Finished>(&event.what)) std::puts(frame->result_json.c_str());
    }};
}

int answer(Request request, Captioner* captioner) {
    JobHooks hooks = hooks_for(request);
    JobWork work(std::move(request), std::move(hooks));
    for (std::size_t task = 0; task < work.tasks(); ++task) work.run(task, captioner, {});
    const Result<std::string> output = work.finish();
    std::puts(output ? output->c_str() : format_result(std::unexpected(output.error())).c_str());
    return work.answer().all_fine() ? 0 : 1;
}

}  // namespace

int run_event(const Options& options) {
    Result<std::string> event = read_event(options);
    if (!event) {
        log_error(event.error().message);
        return 2;
    }
    const Result<std::unique_ptr<Fetcher>> fetcher = open_fetcher(options.urls);
    if (!fetcher) {
        log_error(fetcher.error().message);
        return 2;
    }
    Result<Request> request = parse_request(*std::move(event), Limits{});
    if (!request) return fail_request({}, request.error());
    const Result<std::unique_ptr<Captioner>> captioner = open_for(*request, options, **fetcher);
    if (!captioner) return fail_request(request->id, captioner.error());
    return answer(*std::move(request), captioner->get());
}

}  // namespace vignette
