// Our own routes: docs/api/vignette.md, docs/api/vignette-forms.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void ping(Call call);
void livez(Call call);
void readyz(Call call);
void health(Call call);
void run_here(Call call);       // run_plain(), or as RunPod's local server does it
void run_here_sync(Call call);  // the same
void run_plain(Call call);
void run_batch(Call call);
void run_batch_form(Call call);

}  // namespace vignette
