#include "wire/dialects/endpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "wire/answer/result_parts.h"
#include "wire/dialects/runpod.h"
#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Json = ResultJson;
using Value = JsonReader::Value;

class SubmissionReader {
public:
    SubmissionReader(const PaddedText& text, const Limits& limits, const PolicyBounds& bounds)
        : json_(text, limits.json_depth_max), limits_(limits), bounds_(bounds) {}

    Result<Submission> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        if (submission_.input.empty()) {
            return fail(
                ErrorCode::invalid_input,
                R"("input" is missing; send {"input": {"image_url": "https://..."}})", "input"
            );
        }
        return submission_;
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        if (key == "input") {
            TRY(only_once(seen_input_, key));
            submission_.input = TRY(json_.raw(value));
            return {};
        }
        if (key == "webhook") return read_webhook(value, kind);
        if (key == "policy") {
            if (kind != JsonKind::object) return wrong_type(key, "an object", kind);
            return json_.members(value, [this](std::string_view inner, Value& one) {
                return read_policy(inner, one);
            });
        }
        return json_.skip(value);
    }

    Result<void> read_webhook(Value& value, JsonKind kind) {
        if (kind != JsonKind::string) return wrong_type("webhook", "an address", kind);
        const SharedText address = TRY(json_.string(value));
        if (address.view().empty()) return {};
        const bool is_web =
            starts_with_scheme(address.view(), "https://") || starts_with_scheme(address.view(), "http://");
        if (!is_web || address.view().size() > limits_.url_bytes_max)
            return fail(ErrorCode::invalid_input, "it must be an http or https address", "webhook");
        submission_.webhook = std::string(address.view());
        return {};
    }

    Result<void> read_policy(std::string_view key, Value& value) {
        if (TRY(json_.kind(value)) == JsonKind::null) return json_.skip(value);
        if (key == "executionTimeout") {
            submission_.execution_time_max =
                TRY(read_time("policy.executionTimeout", bounds_.execution_time_min, value));
            return {};
        }
        if (key == "ttl") {
            submission_.time_to_live = TRY(read_time("policy.ttl", bounds_.time_to_live_min, value));
            return {};
        }
        if (key == "lowPriority") {
            submission_.low_priority = TRY(read_boolean(json_, "policy.lowPriority", value));
            return {};
        }
        return json_.skip(value);
    }

    Result<std::chrono::milliseconds> read_time(
        std::string_view path, std::chrono::milliseconds least, Value& value
    ) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::number) return wrong_type(path, "milliseconds", kind);
        const auto ms = whole_number(json_.token(value));
        if (!ms || *ms < least.count() || *ms > bounds_.most.count()) {
            return fail(
                ErrorCode::invalid_input,
                "it must be between " + std::to_string(least.count()) + " and " +
                    std::to_string(bounds_.most.count()) + " milliseconds",
                std::string(path)
            );
        }
        return std::chrono::milliseconds(*ms);
    }

    JsonReader json_;
    const Limits& limits_;
    const PolicyBounds& bounds_;
    bool seen_input_ = false;
    Submission submission_;
};

// `"name": <JSON that exists already>` goes behind the other members.
void add_member(std::string& object, std::string_view name, std::string_view json) {
    object.back() = ',';
    object.append("\"").append(name).append("\":").append(json).append("}");
}

Json status_head(const JobStatus& status) {
    Json json;
    if (status.delay_ms) json["delayTime"] = *status.delay_ms;
    if (!status.error.empty()) json["error"] = status.error;
    if (status.execution_ms) json["executionTime"] = *status.execution_ms;
    json["id"] = status.id;
    if (status.retries > 0) json["retries"] = status.retries;
    json["status"] = to_text(status.state);
    if (!status.worker_id.empty()) json["workerId"] = status.worker_id;
    return json;
}

struct WorkerNumbers {
    std::size_t idle = 0, initializing = 0, running = 0, unhealthy = 0;
};

std::string health_text(const JobCounts& jobs, const WorkerNumbers& workers) {
    return written_json(Json{
        {"jobs",
         {{"completed", jobs.completed},
          {"failed", jobs.failed},
          {"inProgress", jobs.in_progress},
          {"inQueue", jobs.in_queue},
          {"retried", jobs.retried}}},
        {"workers",
         {{"idle", workers.idle},
          {"initializing", workers.initializing},
          {"ready", workers.idle + workers.running},
          {"running", workers.running},
          {"throttled", 0},
          {"unhealthy", workers.unhealthy}}},
    });
}

}  // namespace

std::string_view to_text(JobState state) {
    switch (state) {
        case JobState::in_queue: return "IN_QUEUE";
        case JobState::in_progress: return "IN_PROGRESS";
        case JobState::completed: return "COMPLETED";
        case JobState::failed: return "FAILED";
        case JobState::cancelled: return "CANCELLED";
        case JobState::timed_out: return "TIMED_OUT";
    }
    return "FAILED";
}

Result<Submission> read_submission(const PaddedText& text, const Limits& limits, const PolicyBounds& bounds) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return SubmissionReader(text, limits, bounds).read();
    }));
}

std::string format_status(const JobStatus& status) {
    std::string text = written_json(status_head(status));
    if (!status.output_json.empty()) add_member(text, "output", status.output_json);
    return text;
}

std::string format_webhook(const JobStatus& status, std::string_view input_json, std::string_view webhook) {
    std::string text = format_status(status);
    add_member(text, "input", input_json);
    add_member(text, "webhook", written_json(Json(webhook)));
    return text;
}

std::string format_stream(const JobStatus& status, const std::vector<StreamEvent>& events) {
    return format_stream_of_chunks(
        status, events.empty() ? std::vector<std::string>() : std::vector{format_chunk(events)}
    );
}

std::string format_stream_of_chunks(const JobStatus& status, const std::vector<std::string>& chunks) {
    std::string text = written_json(status_head(status));
    std::string list = "[";
    for (const std::string& chunk : chunks) list.append(list.size() > 1 ? "," : "").append(chunk);
    add_member(text, "stream", list + "]");
    return text;
}

std::string format_detail(const Error& error) {
    Json place = Json::array({"body"});
    if (!error.field.empty()) place.push_back(error.field);
    return written_json(Json{
        {"detail", Json::array({{{"type", "value_error"}, {"loc", std::move(place)}, {"msg", error.message}}})
        }
    });
}

std::string format_health(const JobCounts& jobs, const WorkerCounts& worker) {
    const bool usable = !worker.loading && !worker.broken;
    return health_text(
        jobs, {.idle = usable && !worker.busy ? 1U : 0U,
               .initializing = worker.loading ? 1U : 0U,
               .running = usable && worker.busy ? 1U : 0U,
               .unhealthy = worker.broken ? 1U : 0U}
    );
}

std::string format_health_of_many(const JobCounts& jobs, std::size_t workers) {
    const std::size_t running = std::min(workers, jobs.in_progress);
    return health_text(jobs, {.idle = workers - running, .running = running});
}

}  // namespace vignette
