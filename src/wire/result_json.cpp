#include "wire/result_json.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/texts.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;  // keeps our order: people read the caption first

double milliseconds(Timings::Duration time) {
    return std::chrono::duration<double, std::milli>(time).count();  // microseconds inside: three decimals
}

Json to_json(const ModelUse& use) {
    return {
        {"model", use.model},           {"family", use.family},         {"device", use.device},
        {"dtype", use.dtype},           {"digest", use.digest},         {"prompt", use.prompt},
        {"max_length", use.max_length}, {"min_length", use.min_length}, {"num_beams", use.num_beams},
    };
}

Json to_json(const Timings& timings) {
    return {
        {"fetch", milliseconds(timings.fetch)},
        {"decode", milliseconds(timings.decode)},
        {"preprocess", milliseconds(timings.preprocess)},
        {"queue", milliseconds(timings.queue)},
        {"vision", milliseconds(timings.vision)},
        {"prefill", milliseconds(timings.prefill)},
        {"decode_steps", milliseconds(timings.decode_steps)},
        {"total", milliseconds(timings.total)},
    };
}

Json to_json(const ImageInfo& image) {
    return {{"width", image.size.width}, {"height", image.size.height}, {"format", to_text(image.format)}};
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

Json to_json(const Caption& caption) {
    Json json{
        {"caption", caption.text},
        {"processing_time", std::chrono::duration<double>(caption.timings.total).count()},
        {"model_info", to_json(caption.model)},
        {"timings", to_json(caption.timings)},
        {"image", to_json(caption.image)},
        {"finish_reason", to_text(caption.finish)},
    };
    if (!caption.warnings.empty()) json["warnings"] = to_json(caption.warnings);
    if (caption.return_tokens) json["tokens"] = to_json(caption.tokens);
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

// Memory may run out on the way: the job must still end in one answer.
template <class Write>
std::string written(Write&& write) {
    try {
        const Json json = std::forward<Write>(write)();
        return json.dump(-1, ' ', false, Json::error_handler_t::replace);
    } catch (const std::exception&) {
        return R"({"error":{"code":"out_of_memory","message":"no memory to write the answer","retryable":true}})";
    }
}

}  // namespace

std::string format_result(const Result<Caption>& outcome) {
    return written([&] { return to_json(outcome); });
}

std::string format_batch(const std::vector<AnsweredItem>& items, std::chrono::duration<double> took) {
    return written([&] { return to_json(items, took); });
}

std::string format_answer(const Answer& answer) {
    if (answer.batch) return format_batch(answer.items, answer.took);
    ASSERT(answer.items.size() == 1);
    return format_result(answer.items.front().outcome);
}

}  // namespace vignette
