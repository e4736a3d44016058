// Ollama's API: what its clients ask, and what they read. Pure, for any thread. docs/api/ollama.md
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

enum class OllamaRoute { generate, chat };

struct OllamaAsk {
    OllamaRoute route = OllamaRoute::generate;
    std::string model;        // as the client wrote it; empty: the default
    bool only_loads = false;  // neither a prompt nor a picture: Ollama would load the model
    Request request;
    std::size_t bytes = 0;   // of the body
    std::size_t prefix = 0;  // bytes at the beginning of the caption that the client sent itself
};
Result<OllamaAsk> read_ollama(std::string body, OllamaRoute route, const JobId& id, const Limits& limits);

enum class OllamaVectors { many, one };  // /api/embed, and its older form /api/embeddings
struct OllamaEmbedAsk {
    OllamaVectors form = OllamaVectors::many;
    std::string model;
    Request request;
    std::size_t bytes = 0;
};
Result<OllamaEmbedAsk> read_ollama_embed(
    std::string body, OllamaVectors form, const JobId& id, const Limits& limits
);

// The model that `{"model": ...}` names, as we call it.
Result<std::string> read_ollama_model(std::string body, const Limits& limits);

// "demo-blip2:latest" is demo-blip2.
std::string_view without_tag(std::string_view model);

struct OllamaReply {  // what all its lines have in common
    OllamaRoute route = OllamaRoute::generate;
    std::string model;
    std::chrono::system_clock::time_point created{};
};
std::string format_ollama_piece(const OllamaReply& reply, std::string_view piece);
// The last line, or the only one: with the whole text.
std::string format_ollama_end(
    const OllamaReply& reply, std::string_view text, const Caption& caption,
    std::chrono::duration<double> took
);
std::string format_ollama_loaded(const OllamaReply& reply);
std::string format_ollama_vectors(
    OllamaVectors form, std::string_view model, const std::vector<const Caption*>& captions,
    std::chrono::duration<double> took
);

struct OllamaModel {
    std::string name;
    std::string family;
    std::string digest;
    bool embeds = false;  // it makes vectors, not captions
};
std::string format_ollama_tags(
    const std::vector<OllamaModel>& models, std::chrono::system_clock::time_point modified
);
std::string format_ollama_running(const std::vector<OllamaModel>& models);
std::string format_ollama_model(const OllamaModel& model, std::chrono::system_clock::time_point modified);
std::string format_ollama_version();

// The names of our fields in the words of its clients, for in_names_of().
Error ollama_error(OllamaRoute route, Error error);

}  // namespace vignette
