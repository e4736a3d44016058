// RunPod's public API: docs/api/runpod.md
#pragma once

#include <chrono>

#include "serve/routes/call.h"

namespace vignette {

// `?wait=` in milliseconds.
inline constexpr std::chrono::milliseconds sync_wait{90'000};    // where the client does not say
inline constexpr std::chrono::milliseconds stream_wait{10'000};  // of a stream that has nothing new
Result<std::chrono::milliseconds> wait_of(const Call& call, std::chrono::milliseconds otherwise);
void refuse_unknown(const Call& call);  // there is no such job

void endpoint_run(const Call& call);
void endpoint_runsync(const Call& call);
void endpoint_status(const Call& call);
void endpoint_status_sync(const Call& call);
void endpoint_stream(const Call& call);
void endpoint_cancel(const Call& call);
void endpoint_retry(const Call& call);
void endpoint_purge(const Call& call);
void endpoint_health(const Call& call);

}  // namespace vignette
