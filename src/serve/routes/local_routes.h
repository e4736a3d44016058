// What RunPod's SDK serves for development (--rp_serve_api): its routes without /v2, in its shapes. Unlike
// there a job runs at once, and may be asked for again. docs/api/runpod.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void local_run(const Call& call);
void local_runsync(const Call& call);
void local_status(const Call& call);
void local_status_sync(const Call& call);
void local_stream(const Call& call);

}  // namespace vignette
