// What RunPod's environment variables say, and the addresses derived from them.
// Values and pure functions, for any thread.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "wire/dialects/runpod.h"

namespace vignette {

// The worker protocol this program speaks is that of RunPod's SDK of this version; pings say so.
inline constexpr std::string_view protocol_version = "1.12.0";

using Milliseconds = std::chrono::milliseconds;

struct Platform {
    std::string take_url;    // RUNPOD_WEBHOOK_GET_JOB with the worker's id filled in
    std::string done_url;    // RUNPOD_WEBHOOK_POST_OUTPUT; $RUNPOD_POD_ID and $ID are still there
    std::string stream_url;  // RUNPOD_WEBHOOK_POST_STREAM; may be empty
    std::string ping_url;    // RUNPOD_WEBHOOK_PING; may be empty
    Milliseconds ping_interval{10'000};
    std::string key;  // RUNPOD_AI_API_KEY
    std::string worker_id;
    std::string hostname;
};

// A lookup like getenv(), so that tests need no environment of their own.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
std::optional<std::string> process_environment(std::string_view name);

// Error `usage` when a variable without which nothing works is missing or no address.
Result<Platform> read_platform(const Environment& environment);

enum class Busy { no, yes };      // does this worker hold a job?
enum class Streamed { no, yes };  // was the job answered in pieces before?

std::string take_address(const Platform& platform, int wanted, Busy busy);
std::optional<std::string> stop_address(const Platform& platform);  // none: not derivable
// `worker`: the one that was given the job.
std::string done_address(
    const Platform& platform, std::string_view worker, const JobId& job, Streamed streamed
);
std::string stream_address(const Platform& platform, const JobId& job);
std::string ping_address(const Platform& platform, const std::vector<JobId>& held);
std::string unhealthy_address(const Platform& platform, std::string_view check, std::string_view reason);

WorkerIdentity identity(const Platform& platform);
std::string user_agent();
std::vector<std::string> ping_headers(const Platform& platform);
std::vector<std::string> request_headers(const Platform& platform);  // of takes and stop polls
std::vector<std::string> result_headers(const Platform& platform, const JobId& job);

}  // namespace vignette
