// Ollama's API: docs/api/ollama.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void ollama_generate(Call call);
void ollama_chat(Call call);
void ollama_embed(Call call);
void ollama_embeddings(Call call);
void ollama_tags(Call call);
void ollama_show(Call call);
void ollama_ps(Call call);
void ollama_version(Call call);
void ollama_not_here(Call call);  // what changes the models of a server

}  // namespace vignette
