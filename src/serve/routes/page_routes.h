// What a browser or a monitor asks for: the playground, the documentation, the metrics.
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void playground(Call call);
void playground_style(Call call);
void playground_script(Call call);
void documentation(Call call);
void documentation_script(Call call);
void openapi(Call call);
void metrics(Call call);

}  // namespace vignette
