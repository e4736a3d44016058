// Anthropic's Messages API: docs/api/anthropic.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void anthropic_messages(Call call);
void anthropic_count_tokens(Call call);

}  // namespace vignette
