// RunPod's public API: docs/api/runpod.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void endpoint_run(Call call);
void endpoint_runsync(Call call);
void endpoint_status(Call call);
void endpoint_status_sync(Call call);
void endpoint_stream(Call call);
void endpoint_cancel(Call call);
void endpoint_retry(Call call);
void endpoint_purge(Call call);
void endpoint_health(Call call);

}  // namespace vignette
