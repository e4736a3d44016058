// RunPod's public API: docs/api/runpod.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

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
