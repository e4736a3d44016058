// OpenAI's API, as its clients speak it: requests read, with the writers of their answers. Pure, for any
// thread. docs/api/openai.md
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"
#include "vignette/limits.h"
#include "vignette/request.h"
#include "wire/json/reader.h"

namespace vignette {

enum class OpenAiRoute { chat, responses, embeddings };

// "/v1/chat/completions", with or without "/openai" in front.
std::optional<OpenAiRoute> openai_route(std::string_view path);

// The request has a writer; its pictures share the text. May throw std::bad_alloc.
Result<Request> read_openai(OpenAiRoute route, const PaddedText& text, const Limits& limits, JobId id);

struct OpenAiModel {
    std::string name;
    std::string kind;    // captioner, embedder
    std::string source;  // the hub's id of its checkpoint; may be empty
};
std::string format_openai_model(const OpenAiModel& model);
std::string format_openai_models(const std::vector<OpenAiModel>& models);

}  // namespace vignette
