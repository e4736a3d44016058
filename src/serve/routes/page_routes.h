// What a browser or a monitor asks for: the playground, the documentation, the metrics.
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void playground(const Call& call);
void playground_style(const Call& call);
void playground_script(const Call& call);
void boxes_script(const Call& call);
void snippets_script(const Call& call);
void documentation(const Call& call);
void documentation_script(const Call& call);
void openapi(const Call& call);
void metrics(const Call& call);

}  // namespace vignette
