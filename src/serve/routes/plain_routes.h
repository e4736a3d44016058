// Our own routes: docs/api/vignette.md, docs/api/vignette-forms.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void ping(const Call& call);
void livez(const Call& call);
void readyz(const Call& call);
void health(const Call& call);
void run_here(const Call& call);       // run_plain(), or as RunPod's local server does it
void run_here_sync(const Call& call);  // the same
void run_plain(const Call& call);
void run_batch(const Call& call);
void run_batch_form(const Call& call);

// Whether the client would rather have its results line by line, as they are done.
bool wants_lines(const ServedRequest& request);

}  // namespace vignette
