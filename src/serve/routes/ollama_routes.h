// Ollama's API: docs/api/ollama.md
#pragma once

#include "serve/routes/call.h"

namespace vignette {

void ollama_generate(const Call& call);
void ollama_chat(const Call& call);
void ollama_embed(const Call& call);
void ollama_embeddings(const Call& call);
void ollama_tags(const Call& call);
void ollama_show(const Call& call);
void ollama_ps(const Call& call);
void ollama_version(const Call& call);
void ollama_not_here(const Call& call);  // what changes the models of a server

}  // namespace vignette
