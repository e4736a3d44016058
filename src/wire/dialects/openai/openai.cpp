#include "wire/dialects/openai/openai.h"

#include "vignette/invariant.h"
#include "wire/answer/result_parts.h"
#include "wire/dialects/openai/chat.h"
#include "wire/dialects/openai/embeddings.h"
#include "wire/dialects/openai/responses.h"

namespace vignette {
namespace {

// "owned_by" is where the checkpoint comes from, as people and tools show it.
ResultJson openai_model_json(const OpenAiModel& model) {
    const std::size_t slash = model.source.find('/');
    const std::string owner = slash == std::string::npos ? "vignette" : model.source.substr(0, slash);
    return {
        {"id", model.name}, {"object", "model"}, {"created", 0}, {"owned_by", owner}, {"kind", model.kind}
    };
}

}  // namespace

std::optional<OpenAiRoute> openai_route(std::string_view path) {
    constexpr std::string_view prefix = "/openai";
    if (path.starts_with(prefix)) path.remove_prefix(prefix.size());
    if (path == "/v1/chat/completions") return OpenAiRoute::chat;
    if (path == "/v1/responses") return OpenAiRoute::responses;
    if (path == "/v1/embeddings") return OpenAiRoute::embeddings;
    return std::nullopt;
}

Result<Request> read_openai(OpenAiRoute route, const PaddedText& text, const Limits& limits, JobId id) {
    switch (route) {
        case OpenAiRoute::chat: return read_chat(text, limits, std::move(id));
        case OpenAiRoute::responses: return read_responses(text, limits, std::move(id));
        case OpenAiRoute::embeddings: return read_embeddings(text, limits, id);
    }
    panic("OpenAiRoute out of range");
}

std::string format_openai_model(const OpenAiModel& model) {
    return written([&] { return openai_model_json(model); });
}

std::string format_openai_models(const std::vector<OpenAiModel>& models) {
    return written([&] {
        ResultJson list = ResultJson::array();
        for (const OpenAiModel& model : models) list.push_back(openai_model_json(model));
        return ResultJson{{"object", "list"}, {"data", std::move(list)}};
    });
}

}  // namespace vignette
