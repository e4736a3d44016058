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
    return std::chrono::duration<double, std::milli>(time).count();  // microseconds inside: three decimals
}

template <class T>
void add_known(Json& json, const char* name, const std::optional<T>& value) {
    if (value) json[name] = *value;
}

Json to_json(const ModelUse& use) {
    Json json{
        {"model", use.model},           {"family", use.family},         {"device", use.device},
        {"dtype", use.dtype},           {"digest", use.digest},         {"prompt", use.prompt},
        {"max_length", use.max_length}, {"min_length", use.min_length}, {"num_beams", use.num_beams},
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
    constexpr std::chrono::milliseconds noticed{1};  // less is a look into the shelf, not a load
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
        const auto token = static_cast<std::int32_t>(caption.tokens[i]);
        list.push_back(Json{{"token", token}, {"logprob", shortest(caption.logprobs[i])}});
    }
    return list;
}

// What the model wrote as JSON; null where it was ended before its last bracket.
Json parsed_or_null(const std::string& text) {
    Json value = Json::parse(text, nullptr, false);
    return value.is_discarded() ? Json() : value;
}

// Words and what belongs to them.
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
    if (caption.images.size() == 1) json["image"] = to_json(caption.images.front());
    if (caption.images.size() > 1) {
        json["images"] = Json::array();
        for (const ImageInfo& one : caption.images) json["images"].push_back(to_json(one));
    }
    if (caption.text) json["finish_reason"] = to_text(caption.finish);
    if (!caption.warnings.empty()) json["warnings"] = to_json(caption.warnings);
    if (caption.return_tokens) json["tokens"] = to_json(caption.tokens);
    if (!caption.logprobs.empty()) json["logprobs"] = with_logprobs(caption);
    if (caption.confidence)
        json["confidence"] = Json{{"mean", caption.confidence->mean}, {"min", caption.confidence->min}};
    return json;
}

Json to_json(const Error& error) {
    Json told{
        {"code", to_text(error.code)}, {"message", error.message}, {"retryable", retryable(error.code)}
    };
    if (!error.field.empty()) told["field"] = error.field;
    Json json;
    json["error"] = std::move(told);
    return json;
}

Json to_json(const Result<Caption>& outcome) {
    return outcome ? to_json(*outcome) : to_json(outcome.error());
}

Json to_json(const AnsweredItem& item) {
    Json json = to_json(item.outcome);
    if (item.id.empty()) return json;
    Json named{{"id", item.id}};
    named.update(json);
    return named;
}

Json to_json(const std::vector<AnsweredItem>& items, std::chrono::duration<double> took) {
    Json results = Json::array();
    for (const AnsweredItem& item : items) results.push_back(to_json(item));
    const auto failed = std::ranges::count_if(items, [](const AnsweredItem& item) { return !item.outcome; });
    Json json;
    json["results"] = std::move(results);
    json["count"] = items.size();
    json["failed"] = failed;
    json["processing_time"] = took.count();
    return json;
}

// Descriptions by place: one that failed is null there, and says why under `errors`.
Json frames_json(const std::vector<AnsweredItem>& items, std::chrono::duration<double> took) {
    Json descriptions = Json::array();
    Json embeddings = Json::array();
    Json failed = Json::array();
    Json errors = Json::array();
    Json warnings = Json::array();
    const Caption* first = nullptr;
    bool embedded = false;
    for (std::size_t i = 0; i < items.size(); ++i) {
        const Result<Caption>& outcome = items[i].outcome;
        descriptions.push_back(outcome && outcome->text ? Json(*outcome->text) : Json());
        const bool has_vector = outcome && outcome->embedding;
        embedded = embedded || has_vector;
        embeddings.push_back(
            has_vector ? to_json(outcome->embedding->values, outcome->embedding->format) : Json()
        );
        if (!outcome) {
            failed.push_back(i);
            Json error = to_json(outcome.error());
            error["index"] = i;
            errors.push_back(std::move(error));
            continue;
        }
        if (first == nullptr) first = &*outcome;
        for (Json& warning : to_json(outcome->warnings)) {
            warning["index"] = i;
            warnings.push_back(std::move(warning));
        }
    }
    Json json;
    json["descriptions"] = std::move(descriptions);
    if (embedded) json["embeddings"] = std::move(embeddings);
    json["failed_indices"] = std::move(failed);
    json["count"] = items.size();
    json["errors"] = std::move(errors);
    json["processing_time"] = took.count();
    if (first != nullptr && first->text) json["model_info"] = to_json(first->model);
    if (!warnings.empty()) json["warnings"] = std::move(warnings);
    return json;
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

std::string format_batch(const std::vector<AnsweredItem>& items, std::chrono::duration<double> took) {
    return written([&] { return to_json(items, took); });
}

std::string format_answer(const Answer& answer) {
    if (answer.shape == AnswerShape::batch) return format_batch(answer.items, answer.took);
    if (answer.shape == AnswerShape::frames)
        return written([&] { return frames_json(answer.items, answer.took); });
    ASSERT(answer.items.size() == 1);
    return format_result(answer.items.front().outcome);
}

}  // namespace vignette
