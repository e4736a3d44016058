#include "wire/dialects/runpod.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "core/enum_text.h"
#include "wire/json/reader.h"
#include "wire/request/field_checks.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

constexpr std::string_view stop_pod_member = R"(,"stopPod":true)";

// Memory may run out while writing: the job must still get an answer.
template <class Write>
std::string written_whole(Write&& write) {
    try {
        return std::forward<Write>(write)();
    } catch (const std::exception&) {
        return R"({"error":"{\"error_type\":\"out_of_memory\",\"error_message\":\"not enough memory to write the answer\",\"retryable\":true}"})";
    }
}

Result<std::vector<JobId>> read_stop_list(std::string_view body) {
    JsonReader json(PaddedText(std::string(body)), Limits{}.json_depth_max);
    std::vector<JobId> ids;
    bool seen = false;
    const auto read_id = [&](JsonReader::Value& value) -> Result<void> {
        if (TRY(json.kind(value)) != JsonKind::string) return json.skip(value);
        const SharedText id = TRY(json.string(value));
        if (!id.view().empty()) ids.push_back({std::string(id.view())});
        return {};
    };
    TRY(json.read([&](std::string_view key, JsonReader::Value& value) -> Result<void> {
        if (key != "jobsToStop") return json.skip(value);
        TRY(only_once(seen, key));
        const JsonKind kind = TRY(json.kind(value));
        if (kind != JsonKind::array) return wrong_type(key, "an array of ids", kind);
        return json.elements(value, read_id);
    }));
    if (!seen) return fail(ErrorCode::invalid_input, "the list \"jobsToStop\" is missing", "jobsToStop");
    return ids;
}

std::string joined(const std::vector<StreamEvent>& events) {
    std::string text;
    for (const StreamEvent& event : events)
        if (const auto* written = std::get_if<Written>(&event.what)) text += written->text;
    return text;
}

}  // namespace

Result<std::vector<JobId>> read_jobs_to_stop(std::string_view body) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return read_stop_list(body); }));
}

std::string failure_text(const Error& error, const WorkerIdentity& worker) {
    Json json{
        {"error_type", to_text(error.code)}, {"error_message", error.message},
        {"hostname", worker.hostname},       {"worker_id", worker.worker_id},
        {"version", VIGNETTE_VERSION},       {"retryable", retryable(error.code)},
    };
    if (!error.field.empty()) json["field"] = error.field;
    return dumped(json);
}

std::string format_done(std::string_view output_json, StopPod stop_pod) {
    return written_whole([&] {
        constexpr std::string_view begin = R"({"output":)";
        std::string body;
        body.reserve(begin.size() + output_json.size() + stop_pod_member.size() + 1);
        body.append(begin).append(output_json);
        if (stop_pod == StopPod::yes) body.append(stop_pod_member);
        return body += '}';
    });
}

std::string format_failed(const Error& error, const WorkerIdentity& worker, StopPod stop_pod) {
    return written_whole([&] {
        Json body{{"error", failure_text(error, worker)}};
        if (stop_pod == StopPod::yes) body["stopPod"] = true;
        return dumped(body);
    });
}

std::string format_progress(std::size_t done, std::size_t count) {
    return written_whole([&] {
        Json progress{{"done", done}};
        if (count > 0) progress["count"] = count;
        return dumped(Json{{"status", "IN_PROGRESS"}, {"output", std::move(progress)}});
    });
}

std::string format_event(const StreamEvent& event) {
    Json head{{"index", event.index}};
    if (!event.id.empty()) head["id"] = event.id;
    if (const auto* piece = std::get_if<Piece>(&event.what)) {
        head["text"] = piece->text;
        return dumped(head);
    }
    if (const auto* written = std::get_if<Written>(&event.what)) return dumped(Json(written->text));
    std::string text = dumped(head);
    text.back() = ',';  // replaces the closing brace
    return text + R"("result":)" + std::get<Finished>(event.what).result_json + "}";
}

std::string format_chunk(const std::vector<StreamEvent>& events) {
    return written_whole([&] {
        if (!events.empty() && std::holds_alternative<Written>(events.front().what))
            return dumped(Json{{"output", joined(events)}});
        std::string body = R"({"output":{"events":[)";
        for (const StreamEvent& event : events) {
            if (body.back() == '}') body += ',';
            body += format_event(event);
        }
        return body += "]}}";
    });
}

}  // namespace vignette
