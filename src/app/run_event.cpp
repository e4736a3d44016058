// `vignette run`: one mock event, as the platform would send it.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "app/commands.h"
#include "app/files.h"
#include "app/job_log.h"
#include "app/open_back.h"
#include "app/url_options.h"
#include "core/stopwatch.h"
#include "wire/answer/film_json.h"
#include "wire/answer/result_json.h"
#include "wire/request/job_json.h"

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

bool is_job(const Item& item) { return item.job.has_value(); }

Result<std::unique_ptr<Captioner>> open_with(Fetcher& fetcher, const Options& options) {
    CaptionerConfig config = TRY(captioner_config(options, /*lazy=*/true));
    config.fetcher = &fetcher;
    return open_back(config);
}

// Nothing heavy is loaded for items of which none can be described.
Result<std::unique_ptr<Captioner>> open_for(
    const std::vector<Item>& items, const Options& options, Fetcher& fetcher
) {
    if (std::ranges::none_of(items, is_job)) return nullptr;
    return open_with(fetcher, options);
}

// There is a captioner if there is a job.
Result<Caption> caption(Captioner* captioner, Result<Job> job) {
    Job legal = TRY(std::move(job));
    return captioner->caption(std::move(legal), {}, {});
}

// The request is read before anything heavy is loaded: a bad one is answered in milliseconds.
Result<Answer> run(Request request, const Options& options, Fetcher& fetcher) {
    const std::unique_ptr<Captioner> captioner = TRY(open_for(request.items, options, fetcher));
    const Stopwatch stopwatch;
    Answer answer{.items = {}, .shape = request.shape, .took = {}};
    for (Item& item : request.items) {
        answer.items.push_back({std::move(item.id), caption(captioner.get(), std::move(item.job))});
    }
    answer.took = stopwatch.total();
    return answer;
}

int fail_request(const std::string& id, const Error& error) {
    const Result<Caption> outcome = std::unexpected(error);
    std::puts(format_result(outcome).c_str());
    log_job(id, outcome);
    return 1;
}

// A streaming event tells each frame when it is described, a line each, before the whole.
Result<FilmInfo> describe(Film film, bool stream, Captioner& captioner, FilmAnswer& answer) {
    return captioner.describe(std::move(film), {}, [&](FilmFrame frame) {
        if (stream) std::puts(format_frame(frame).c_str());
        answer.add(std::move(frame));
    });
}

int run_film(Request request, const Options& options, Fetcher& fetcher) {
    const std::string id = request.id.value;
    const Result<std::unique_ptr<Captioner>> captioner = open_with(fetcher, options);
    if (!captioner) return fail_request(id, captioner.error());
    const Stopwatch stopwatch;
    FilmAnswer answer;
    const Result<FilmInfo> info = describe(*std::move(request.film), request.stream, **captioner, answer);
    if (!info && answer.timestamps.empty()) return fail_request(id, info.error());
    std::puts(format_film(answer, info, stopwatch.total()).c_str());
    log_film(id, answer, info);
    return info && answer.errors.empty() ? 0 : 1;
}

bool log_answer(const std::string& id, const Answer& answer) {
    bool all_fine = true;
    for (std::size_t index = 0; index < answer.items.size(); ++index) {
        const Result<Caption>& outcome = answer.items[index].outcome;
        log_job(answer.shape != AnswerShape::single ? id + "[" + std::to_string(index) + "]" : id, outcome);
        all_fine = all_fine && outcome.has_value();
    }
    return all_fine;
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
    if (request->film) return run_film(*std::move(request), options, **fetcher);
    const std::string id = request->id.value;
    const Result<Answer> answer = run(*std::move(request), options, **fetcher);
    if (!answer) return fail_request(id, answer.error());
    std::puts(format_answer(*answer).c_str());
    return log_answer(id, *answer) ? 0 : 1;
}

}  // namespace vignette
