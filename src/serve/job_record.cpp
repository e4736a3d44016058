#include "serve/job_record.h"

#include <variant>

#include "serve/random_name.h"

namespace vignette {
namespace {

std::int64_t ms_between(JobRecord::Clock::time_point from, JobRecord::Clock::time_point to) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count();
}

std::size_t bytes_of(const Piece& piece) { return piece.text.size(); }
std::size_t bytes_of(const Finished& finished) { return finished.result_json.size(); }
std::size_t bytes_of(const Written& written) { return written.text.size(); }
std::size_t bytes_of(const StreamEvent& event) {
    const std::size_t text = std::visit([](const auto& what) { return bytes_of(what); }, event.what);
    return sizeof(event) + event.id.size() + text;
}

}  // namespace

std::string random_job_id(Submitted submitted) {
    switch (submitted) {
        case Submitted::to_poll: return random_name() + "-u1";
        case Submitted::to_wait: return "sync-" + random_name() + "-u1";
        case Submitted::to_test: return "test-" + random_name();
    }
    return {};
}

// Once it has ended both times are there, though it may never have begun: clients read them as numbers.
JobStatus status_of(const JobRecord& record, const std::string& worker_id) {
    JobStatus status{.id = record.id, .state = record.state};
    const bool began = record.started != JobRecord::Clock::time_point{};
    if (is_final(record.state)) {
        status.delay_ms = ms_between(record.queued, began ? record.started : record.ended);
        status.execution_ms = began ? ms_between(record.started, record.ended) : 0;
    } else if (began) {
        status.delay_ms = ms_between(record.queued, record.started);
    }
    status.output_json = record.output_json;
    status.error = record.error;
    status.retries = std::max(record.attempt - 1, 0);
    status.worker_id = worker_id;
    return status;
}

std::size_t bytes_of_results(const JobRecord& record) {
    constexpr std::size_t itself = 2'000;  // with its places in maps and lists
    std::size_t bytes = itself + record.output_json.size() + record.error.size();
    for (const StreamEvent& event : record.events) bytes += bytes_of(event);
    return bytes;
}

}  // namespace vignette
