// The platform's response bodies, parsed from anything: nothing crashes, no job is lost (nlohmann is the
// second opinion), and whatever was read can be posted back as valid JSON.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/invariant.h"
#include "wire/dialects/runpod.h"

namespace {

using nlohmann::json;
using vignette::TakenJob;

constexpr vignette::Limits limits{.body_bytes_max = 64 * vignette::KiB};

// Parsers disagree about keys that appear twice or are written with escapes.
bool has_plain_ids(std::string_view body) {
    std::vector<int> ids;  // of each object that is open
    bool twice = false;
    const auto look = [&](int, json::parse_event_t event, json& parsed) {
        if (event == json::parse_event_t::object_start) ids.push_back(0);
        if (event == json::parse_event_t::object_end) ids.pop_back();
        if (event == json::parse_event_t::key && parsed == "id") twice |= ++ids.back() > 1;
        return true;
    };
    (void)json::parse(body, look, false);
    return !twice && body.find('\\') == body.npos;
}

void check_id(const TakenJob& job, const json& event) {
    const bool has_id = event.is_object() && event.contains("id") && event.at("id").is_string();
    if (has_id && event.at("id") != "") ASSERT(job.id && event.at("id") == job.id->value);
    if (!event.is_object()) ASSERT(!job.id && !job.request);
}

void check_against(const json& body, const std::vector<TakenJob>& jobs, std::string_view text) {
    ASSERT(body.is_object() || body.is_array());
    const json events = body.is_array() ? body : json::array({body});
    ASSERT(events.size() == jobs.size());
    if (!has_plain_ids(text)) return;
    for (std::size_t index = 0; index < jobs.size(); ++index) check_id(jobs[index], events[index]);
}

void check_answer(const TakenJob& job) {
    ASSERT(!job.id || !job.id->value.empty());
    if (job.request) return;
    const vignette::WorkerIdentity worker{.hostname = "host", .worker_id = job.id ? job.id->value : ""};
    const json failed = json::parse(format_failed(job.request.error(), worker, vignette::StopPod::yes));
    ASSERT(json::parse(failed.at("error").get<std::string>()).at("error_type").is_string());
}

void check_events(const std::string& text) {
    const json chunk = json::parse(vignette::format_chunk(
        {{.index = 0, .id = text, .what = vignette::Piece{text}},
         {.index = 1, .id = {}, .what = vignette::Finished{"{}"}}}
    ));
    ASSERT(chunk.at("output").at("events").size() == 2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    check_events(text);
    const auto ids = vignette::read_jobs_to_stop(text);
    const auto jobs = vignette::read_taken_jobs(text, limits);
    const json body = json::parse(text, nullptr, false);
    if (ids && !body.is_discarded()) ASSERT(ids->size() <= body.at("jobsToStop").size());
    const bool readable = !body.is_discarded() && text.find('\0') == std::string::npos;
    if (!jobs) {
        ASSERT(!readable || !(body.is_object() || body.is_array()));
        return 0;
    }
    for (const TakenJob& job : *jobs) check_answer(job);
    if (readable) check_against(body, *jobs, text);
    return 0;
}
