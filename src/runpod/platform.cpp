#include "runpod/platform.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <random>
#include <utility>

#include "core/ascii.h"
#include "core/hex.h"
#include "core/percent.h"

namespace vignette {
namespace {

// `$RUNPOD_POD_ID` does not contain the text `$ID`, so the order of the two does not matter.
std::string replace_all(std::string text, std::string_view name, std::string_view value) {
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at + value.size())) {
        text.replace(at, name.size(), value);
    }
    return text;
}

std::string with_query(std::string url, std::string_view query) {
    url += url.find('?') == std::string::npos ? '?' : '&';
    return url += query;
}

std::string fill_worker(const std::string& url, std::string_view worker_id) {
    return replace_all(url, "$RUNPOD_POD_ID", percent_encode(worker_id));
}

std::string random_worker_id() {
    std::random_device chance;
    std::string id = "local-";
    for (int i = 0; i < 16; ++i) id += hex_digits[chance() % hex_digits.size()];
    return id;
}

Result<std::string> required_url(const Environment& environment, std::string_view name) {
    std::string url = environment(name).value_or("");
    if (url.starts_with("http://") || url.starts_with("https://")) return url;
    const std::string problem = url.empty() ? " is not set" : " is not an http or https address";
    return fail(
        ErrorCode::usage,
        std::string(name) + problem +
            "; RunPod sets it in its containers, and docs/deploy-runpod.md shows how to try "
            "the worker without RunPod"
    );
}

Result<std::string> optional_url(const Environment& environment, std::string_view name) {
    if (environment(name).value_or("").empty()) return std::string();
    return required_url(environment, name);
}

// Milliseconds, as the platform writes it. Below a second would be a hot loop.
std::chrono::milliseconds read_interval(const Environment& environment) {
    const std::string text = environment("RUNPOD_PING_INTERVAL").value_or("10000");
    long interval = 10'000;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), interval);
    if (error != std::errc{} || end != text.data() + text.size()) interval = 10'000;
    return std::chrono::milliseconds(std::clamp(interval, 1'000L, 600'000L));
}

// White space around it, a newline of a file for example, is not part of it. What else no header may hold
// would be refused by the platform for ever.
Result<std::string> read_key(const Environment& environment) {
    constexpr std::string_view name = "RUNPOD_AI_API_KEY";
    const std::string given = environment(name).value_or("");
    const std::string_view key = trim(given);
    const auto is_visible = [](char c) { return c > ' ' && c < '\x7f'; };
    if (std::ranges::all_of(key, is_visible)) return std::string(key);
    return fail(
        ErrorCode::usage,
        std::string(name) + " holds a space, a line break or another character that no key has; copy it again"
    );
}

std::string_view flag(Busy busy) { return busy == Busy::yes ? "job_in_progress=1" : "job_in_progress=0"; }

}  // namespace

std::optional<std::string> process_environment(std::string_view name) {
    const char* value = std::getenv(std::string(name).c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

Result<Platform> read_platform(const Environment& environment) {
    Platform platform;
    platform.worker_id = environment("RUNPOD_POD_ID").value_or("");
    if (platform.worker_id.empty()) platform.worker_id = random_worker_id();
    platform.hostname = environment("RUNPOD_POD_HOSTNAME").value_or("unknown");
    platform.key = TRY(read_key(environment));
    platform.ping_interval = read_interval(environment);

    const std::string take = TRY(required_url(environment, "RUNPOD_WEBHOOK_GET_JOB"));
    platform.take_url =
        replace_all(fill_worker(take, platform.worker_id), "$ID", percent_encode(platform.worker_id));
    const std::string done = TRY(required_url(environment, "RUNPOD_WEBHOOK_POST_OUTPUT"));
    platform.done_url = done;
    const std::string stream = TRY(optional_url(environment, "RUNPOD_WEBHOOK_POST_STREAM"));
    platform.stream_url = fill_worker(stream, platform.worker_id);
    const std::string ping = TRY(optional_url(environment, "RUNPOD_WEBHOOK_PING"));
    platform.ping_url = fill_worker(ping, platform.worker_id);
    return platform;
}

std::string take_address(const Platform& platform, int wanted, Busy busy) {
    if (wanted <= 1) return with_query(platform.take_url, flag(busy));
    std::string query = "batch_size=" + std::to_string(wanted) + "&";
    query += flag(busy);
    return with_query(replace_all(platform.take_url, "/job-take/", "/job-take-batch/"), query);
}

std::optional<std::string> stop_address(const Platform& platform) {
    if (platform.take_url.find("/job-take/") == std::string::npos) return std::nullopt;
    return replace_all(platform.take_url, "/job-take/", "/job-stop/");
}

std::string done_address(
    const Platform& platform, std::string_view worker, const JobId& job, Streamed streamed
) {
    std::string url = replace_all(fill_worker(platform.done_url, worker), "$ID", percent_encode(job.value));
    return with_query(std::move(url), streamed == Streamed::yes ? "isStream=true" : "isStream=false");
}

std::string stream_address(const Platform& platform, const JobId& job) {
    return with_query(replace_all(platform.stream_url, "$ID", percent_encode(job.value)), "isStream=false");
}

std::string ping_address(const Platform& platform, const std::vector<JobId>& held) {
    constexpr std::size_t query_bytes_max = 60'000;  // what the SDK names at most
    std::string query;
    for (const JobId& job : held) {
        const std::string id = percent_encode(job.value);
        if (query.size() + id.size() > query_bytes_max) continue;
        query += (query.empty() ? "job_id=" : ",") + id;
    }
    if (!query.empty()) query += '&';
    return with_query(platform.ping_url, query + "runpod_version=" + std::string(protocol_version));
}

std::string unhealthy_address(const Platform& platform, std::string_view check, std::string_view reason) {
    constexpr std::size_t reason_bytes_max = 256;
    return with_query(
        platform.ping_url, "status=unhealthy&check=" + percent_encode(check) +
                               "&reason=" + percent_encode(reason.substr(0, reason_bytes_max)) +
                               "&runpod_version=" + std::string(protocol_version)
    );
}

WorkerIdentity identity(const Platform& platform) {
    return {.hostname = platform.hostname, .worker_id = platform.worker_id};
}

std::string user_agent() { return "Vignette/" VIGNETTE_VERSION; }

std::vector<std::string> ping_headers(const Platform& platform) {
    if (platform.key.empty()) return {};
    return {"Authorization: " + platform.key};  // raw, without "Bearer"
}

std::vector<std::string> request_headers(const Platform& platform) {
    std::vector<std::string> headers = ping_headers(platform);
    headers.emplace_back("Content-Type: application/json");
    return headers;
}

std::vector<std::string> result_headers(const Platform& platform, const JobId& job) {
    std::vector<std::string> headers = request_headers(platform);
    constexpr std::size_t id_bytes_max = 1024;  // servers bound a header, and the address holds the id anyway
    if (job.value.size() <= id_bytes_max) headers.push_back("X-Request-ID: " + percent_encode(job.value));
    return headers;
}

}  // namespace vignette
