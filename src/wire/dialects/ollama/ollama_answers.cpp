#include <array>
#include <cstdio>
#include <ctime>
#include <utility>

#include "core/enum_text.h"
#include "wire/answer/result_parts.h"
#include "wire/dialects/ollama/ollama.h"
#include "wire/dialects/turns.h"

namespace vignette {
namespace {

using Json = ResultJson;
using std::chrono::nanoseconds;
using std::chrono::system_clock;

std::string rfc3339(system_clock::time_point time) {
    const std::time_t seconds = system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
    const auto rest = time - std::chrono::floor<std::chrono::seconds>(time);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::snprintf(
        text.data() + length, text.size() - length, ".%06dZ",
        static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(rest).count())
    );
    return text.data();
}

std::int64_t ns(std::chrono::duration<double> time) {
    return std::chrono::duration_cast<nanoseconds>(time).count();
}

Json line_head(const OllamaReply& reply, std::string_view text) {
    Json json{{"model", reply.model}, {"created_at", rfc3339(reply.created)}};
    if (reply.route == OllamaRoute::chat) {
        json["message"] = {{"role", "assistant"}, {"content", text}};
    } else {
        json["response"] = text;
    }
    return json;
}

constexpr std::array ollama_names{
    FieldName{"input.max_length", "options.num_predict"},
    FieldName{"input.temperature", "options.temperature"},
    FieldName{"input.top_p", "options.top_p"},
    FieldName{"input.top_k", "options.top_k"},
    FieldName{"input.min_p", "options.min_p"},
    FieldName{"input.seed", "options.seed"},
    FieldName{"input.stop", "options.stop"},
    FieldName{"input.schema", "format"},
    FieldName{"input.preset", "format"},
    FieldName{"input.model", "model"},
    FieldName{"input.text", "input"},
    FieldName{"input.prefix", "messages"},
};

void add_warnings(Json& json, const Caption& caption) {
    for (const Warning& warning : in_names_of(ollama_names, caption.warnings))
        json["warnings"].push_back({{"field", warning.field}, {"message", warning.message}});
}

Json details(const OllamaModel& model) {
    return {
        {"parent_model", ""},     {"format", "torchscript"},
        {"family", model.family}, {"families", Json::array({model.family})},
        {"parameter_size", ""},   {"quantization_level", ""},
    };
}

Json model_head(const OllamaModel& model) {
    return {
        {"name", model.name + ":latest"},
        {"model", model.name + ":latest"},
        {"digest", model.digest},
        {"details", details(model)},
    };
}

}  // namespace

std::string format_ollama_piece(const OllamaReply& reply, std::string_view piece) {
    Json json = line_head(reply, piece);
    json["done"] = false;
    return written_json(json);
}

std::string format_ollama_end(
    const OllamaReply& reply, std::string_view text, const Caption& caption,
    std::chrono::duration<double> took
) {
    Json json = line_head(reply, text);
    json["done"] = true;
    json["done_reason"] = caption.finish == FinishReason::length ? "length" : "stop";
    json["total_duration"] = ns(took);
    json["load_duration"] = ns(caption.timings.load);
    json["prompt_eval_count"] = caption.prompt_tokens;
    json["prompt_eval_duration"] = ns(caption.timings.vision + caption.timings.prefill);
    json["eval_count"] = caption.tokens.size();
    json["eval_duration"] = ns(caption.timings.decode_steps);
    add_warnings(json, caption);
    return written_json(json);
}

std::string format_ollama_loaded(const OllamaReply& reply) {
    Json json = line_head(reply, "");
    json["done"] = true;
    json["done_reason"] = "load";
    return written_json(json);
}

std::string format_ollama_vectors(
    OllamaVectors form, std::string_view model, const std::vector<const Caption*>& captions,
    std::chrono::duration<double> took
) {
    if (form == OllamaVectors::one)
        return written_json(Json{{"embedding", vector_json(*captions.front()->embedding)}});
    Json json{
        {"model", model.empty() ? captions.front()->embedding->model : std::string(model)},
        {"embeddings", Json::array()},
        {"total_duration", ns(took)}
    };
    std::chrono::duration<double> load{};
    int tokens = 0;
    for (const Caption* caption : captions) {
        json["embeddings"].push_back(vector_json(*caption->embedding));
        load += caption->timings.load;
        tokens += caption->prompt_tokens;
    }
    if (tokens > 0) json["prompt_eval_count"] = tokens;
    json["load_duration"] = ns(load);
    for (const Caption* caption : captions) add_warnings(json, *caption);
    return written_json(json);
}

std::string format_ollama_tags(
    const std::vector<OllamaModel>& models, std::chrono::system_clock::time_point modified
) {
    Json list = Json::array();
    for (const OllamaModel& model : models) {
        list.push_back(model_head(model));
        list.back()["modified_at"] = rfc3339(modified);
    }
    return written_json(Json{{"models", std::move(list)}});
}

std::string format_ollama_running(const std::vector<OllamaModel>& models) {
    Json list = Json::array();
    for (const OllamaModel& model : models) list.push_back(model_head(model));
    return written_json(Json{{"models", std::move(list)}});
}

std::string format_ollama_model(const OllamaModel& model, std::chrono::system_clock::time_point modified) {
    return written_json(Json{
        {"modelfile", ""},
        {"parameters", ""},
        {"template", ""},
        {"details", details(model)},
        {"model_info", {{"general.architecture", model.family}, {"general.basename", model.name}}},
        {"capabilities", model.embeds ? Json::array({"embedding"}) : Json::array({"completion", "vision"})},
        {"modified_at", rfc3339(modified)},
    });
}

std::string format_ollama_version() { return written_json(Json{{"version", VIGNETTE_VERSION}}); }

Error ollama_error(OllamaRoute route, Error error) {
    const FieldName prompt{"input.prompt", route == OllamaRoute::chat ? "messages" : "prompt"};
    return in_names_of(ollama_names, in_names_of({&prompt, 1}, std::move(error)));
}

}  // namespace vignette
