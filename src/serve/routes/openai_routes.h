// OpenAI's API: docs/api/openai.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void openai_chat(Call call);
void openai_responses(Call call);
void openai_embeddings(Call call);
void openai_models(Call call);
void openai_model(Call call);

}  // namespace vignette
