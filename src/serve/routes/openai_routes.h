// OpenAI's API: docs/api/openai.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void openai_chat(const Call& call);
void openai_responses(const Call& call);
void openai_embeddings(const Call& call);
void openai_models(const Call& call);
void openai_model(const Call& call);

}  // namespace vignette
