#include "wire/answer/result_json.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/enum_text.h"
#include "vignette/invariant.h"
#include "wire/answer/result_parts.h"
#include "wire/answer/vector_text.h"

namespace vignette {
namespace {

using Json = ResultJson;

double milliseconds(Timings::Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();  // kept as microseconds: three decimals
}

template <class T>
void add_known(Json& json, const char* name, const std::optional<T>& value) {
    if (value) json[name] = *value;
}

Json to_json(const ModelUse& use) {
    Json json{
        {"model", use.model},         {"family", use.family},         {"device", use.device},
        {"dtype", use.dtype},         {"weights", use.weights},       {"digest", use.digest},
        {"prompt", use.prompt},       {"max_length", use.max_length}, {"min_length", use.min_length},
        {"num_beams", use.num_beams},
    };
    if (use.length_penalty != 1) json["length_penalty"] = use.length_penalty;
    add_known(json, "preset", use.preset);
    add_known(json, "temperature", use.temperature);
    add_known(json, "top_k", use.top_k);
    add_known(json, "top_p", use.top_p);
    add_known(json, "min_p", use.min_p);
    add_known(json, "seed", use.seed);
    add_known(json, "repetition_penalty", use.repetition_penalty);
    add_known(json, "no_repeat_ngram_size", use.no_repeat_ngram_size);
    return json;
}

Json to_json(const Timings& timings) {
    constexpr std::chrono::milliseconds noticed{1};  // anything less is a cache hit, not a load
    Json json;
    if (timings.load >= noticed) json["load"] = milliseconds(timings.load);
    json.update(Json{
        {"fetch", milliseconds(timings.fetch)},
        {"decode", milliseconds(timings.decode)},
        {"preprocess", milliseconds(timings.preprocess)},
        {"queue", milliseconds(timings.queue)},
        {"vision", milliseconds(timings.vision)},
        {"prefill", milliseconds(timings.prefill)},
        {"decode_steps", milliseconds(timings.decode_steps)},
    });
    if (timings.embed.count() > 0) json["embed"] = milliseconds(timings.embed);
    json["total"] = milliseconds(timings.total);
    return json;
}

Json to_json(const ImageInfo& image) {
    Json json{{"width", image.size.width}, {"height", image.size.height}, {"format", to_text(image.format)}};
    if (image.path != PixelPath::whole) {
        json["path"] = to_text(image.path);
        json["full"] = {{"width", image.full.width}, {"height", image.full.height}};
    }
    if (!image.taken.empty()) json["taken"] = image.taken;
    return json;
}

Json to_json(const std::vector<Warning>& warnings) {
    Json list = Json::array();
    for (const Warning& warning : warnings) {
        list.push_back(Json{{"field", warning.field}, {"message", warning.message}});
    }
    return list;
}

Json to_json(const std::vector<TokenId>& tokens) {
    Json list = Json::array();
    for (const TokenId token : tokens) list.push_back(static_cast<std::int32_t>(token));
    return list;
}

Json to_json(const std::vector<Alternative>& alternatives) {
    Json list = Json::array();
    for (const Alternative& one : alternatives) {
        list.push_back(Json{
            {"caption", one.text}, {"score", shortest(one.score)}, {"finish_reason", to_text(one.finish)}
        });
    }
    return list;
}

Json with_logprobs(const Caption& caption) {
    ASSERT(caption.logprobs.size() <= caption.tokens.size());
    Json list = Json::array();
    for (std::size_t i = 0; i < caption.logprobs.size(); ++i) {
        Json one{{"token", static_cast<std::int32_t>(caption.tokens[i])}};
        if (i < caption.token_texts.size()) one["text"] = caption.token_texts[i];
        one["logprob"] = shortest(caption.logprobs[i]);
        list.push_back(std::move(one));
    }
    return list;
}

// What the model wrote, parsed as JSON; null if it was cut off before the last bracket.
Json parsed_or_null(const std::string& text) {
    Json value = Json::parse(text, nullptr, false);
    return value.is_discarded() ? Json() : value;
}

// The text, and what is derived from it.
Json words_of(const Caption& caption) {
    Json json;
    if (caption.task != Task::embed) json["caption"] = caption.text ? Json(*caption.text) : Json();
    if (caption.tags) json["tags"] = *caption.tags;
    if (caption.is_json) json["json"] = parsed_or_null(caption.text.value_or(""));
    if (!caption.alternatives.empty()) json["captions"] = to_json(caption.alternatives);
    return json;
}

Json to_json(const std::vector<float>& vector, VectorFormat format) {
    if (format == VectorFormat::base64) return base64_of_floats(vector);
    Json list = Json::array();
    for (const float value : vector) list.push_back(shortest(value));
    return list;
}

void add(Json& json, const Embedding& embedding) {
    json["embedding"] = to_json(embedding.values, embedding.format);
    json["dimensions"] = embedding.values.size();
    json["embedding_model"] = {{"model", embedding.model}, {"digest", embedding.digest}};
}

Json to_json(const Caption& caption) {
    Json json = words_of(caption);
    if (caption.embedding) add(json, *caption.embedding);
    json["processing_time"] = std::chrono::duration<double>(caption.timings.total).count();
    if (caption.text) json["model_info"] = to_json(caption.model);
    json["timings"] = to_json(caption.timings);
    if (!caption.timestamps.empty()) json["timestamps"] = caption.timestamps;
    if (caption.images.size() == 1) json["image"] = to_json(caption.images.front());
    if (caption.images.size() > 1) {
        json["images"] = Json::array();
        for (const ImageInfo& one : caption.images) json["images"].push_back(to_json(one));
    }
    if (caption.text) json["finish_reason"] = to_text(caption.finish);
    if (caption.cached) json["cached"] = true;
    if (caption.vision_cached) json["vision_cached"] = true;
    if (!caption.warnings.empty()) json["warnings"] = to_json(caption.warnings);
    if (caption.return_tokens) json["tokens"] = to_json(caption.tokens);
    if (!caption.logprobs.empty()) json["logprobs"] = with_logprobs(caption);
    if (caption.confidence)
        json["confidence"] = Json{{"mean", caption.confidence->mean}, {"min", caption.confidence->min}};
    return json;
}

Json to_json(const Error& error) {
    Json entry{
        {"code", to_text(error.code)}, {"message", error.message}, {"retryable", retryable(error.code)}
    };
    if (!error.field.empty()) entry["field"] = error.field;
    Json json;
    json["error"] = std::move(entry);
    return json;
}

Json to_json(const Result<Caption>& outcome) {
    return outcome ? to_json(*outcome) : to_json(outcome.error());
}

}  // namespace

ResultJson result_json(const Result<Caption>& outcome) { return to_json(outcome); }
ResultJson error_json(const Error& error) { return to_json(error); }
ResultJson model_json(const ModelUse& use) { return to_json(use); }
ResultJson vector_json(const Embedding& embedding) { return to_json(embedding.values, embedding.format); }
std::string written_json(const ResultJson& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string format_result(const Result<Caption>& outcome) {
    return written([&] { return to_json(outcome); });
}

}  // namespace vignette
