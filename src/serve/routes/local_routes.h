// What RunPod's SDK serves for development (--rp_serve_api): its routes without /v2, in its shapes. Unlike
// there a job runs at once, and may be asked for again. docs/api/runpod.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void local_run(Call call);
void local_runsync(Call call);
void local_status(Call call);
void local_status_sync(Call call);
void local_stream(Call call);

}  // namespace vignette
