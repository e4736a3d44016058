// Anthropic's Messages API: docs/api/anthropic.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void anthropic_messages(const Call& call);
void anthropic_count_tokens(const Call& call);

}  // namespace vignette
