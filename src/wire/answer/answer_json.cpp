#include "wire/answer/answer_json.h"

#include <algorithm>
#include <utility>

#include "vignette/invariant.h"
#include "vignette/limits.h"
#include "wire/answer/result_parts.h"

namespace vignette {
namespace {

using Json = ResultJson;
using Items = std::vector<AnsweredItem>;

Json item_json(const AnsweredItem& item) {
    Json json;
    if (item.timestamp) json["timestamp"] = *item.timestamp;
    if (item.same_as) json["same_as"] = *item.same_as;
    json.update(result_json(item.outcome));
    return json;
}

Json batch_json(const Answer& answer) {
    Json results = Json::array();
    for (const AnsweredItem& item : answer.items) {
        Json json;
        if (!item.id.empty()) json["id"] = item.id;
        json.update(item_json(item));
        results.push_back(std::move(json));
    }
    Json json;
    json["results"] = std::move(results);
    json["count"] = answer.items.size();
    json["failed"] =
        std::ranges::count_if(answer.items, [](const AnsweredItem& item) { return !item.outcome; });
    json["processing_time"] = answer.took.count();
    return json;
}

// `part` of each item, by index.
template <class Part>
Json list_of(const Items& items, Part part) {
    Json list = Json::array();
    for (const AnsweredItem& item : items) list.push_back(part(item));
    return list;
}

Json text_of(const AnsweredItem& item) {
    return item.outcome && item.outcome->text ? Json(*item.outcome->text) : Json();
}

bool has_vector(const AnsweredItem& item) { return item.outcome && item.outcome->embedding; }

Json vector_of(const AnsweredItem& item) {
    return has_vector(item) ? vector_json(*item.outcome->embedding) : Json();
}

void add_failures(Json& json, const Items& items) {
    Json failed = Json::array();
    Json errors = Json::array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].outcome) continue;
        failed.push_back(i);
        Json error = error_json(items[i].outcome.error());
        error["index"] = i;
        errors.push_back(std::move(error));
    }
    json["failed_indices"] = std::move(failed);
    json["count"] = items.size();
    json["errors"] = std::move(errors);
}

Json duplicates_json(const Items& items) {
    Json list = Json::array();
    for (std::size_t i = 0; i < items.size(); ++i) {
        if (items[i].same_as) list.push_back({i, *items[i].same_as});
    }
    return list;
}

Json film_json(const FilmInfo& info) {
    Json json;
    if (info.duration > 0) json["duration"] = info.duration;
    if (info.fps > 0) json["fps"] = info.fps;
    json["width"] = info.size.width;
    json["height"] = info.size.height;
    json["container"] = info.container;
    json["codec"] = info.codec;
    return json;
}

Json warning_json(const Warning& warning) { return {{"field", warning.field}, {"message", warning.message}}; }

// The frames of a film all have the same options, so each warning is given once, with the first such frame.
Json warnings_json(const Answer& answer) {
    Json list = Json::array();
    if (answer.film && *answer.film) {
        for (const Warning& warning : (*answer.film)->warnings) list.push_back(warning_json(warning));
    }
    std::vector<Warning> given;
    for (std::size_t i = 0; i < answer.items.size(); ++i) {
        if (!answer.items[i].outcome) continue;
        for (const Warning& warning : answer.items[i].outcome->warnings) {
            const bool known = std::ranges::find(given, warning) != given.end();
            if (answer.film && (known || given.size() == Limits{}.warnings_max)) continue;
            if (answer.film) given.push_back(warning);
            list.push_back(warning_json(warning));
            list.back()["index"] = i;
        }
    }
    return list;
}

Json frames_json(const Answer& answer) {
    const Items& items = answer.items;
    Json json;
    if (answer.film && *answer.film && (*answer.film)->summary)
        json["summary"] = (*answer.film)->summary->text.value();
    json["descriptions"] = list_of(items, text_of);
    if (answer.film)
        json["timestamps"] = list_of(items, [](const AnsweredItem& item) { return item.timestamp.value(); });
    if (std::ranges::any_of(items, has_vector)) json["embeddings"] = list_of(items, vector_of);
    add_failures(json, items);
    if (answer.film) json["duplicates"] = duplicates_json(items);
    if (answer.film && *answer.film) json["video"] = film_json(**answer.film);
    if (answer.film && !*answer.film) json["incomplete"] = error_json(answer.film->error())["error"];
    json["processing_time"] = answer.took.count();
    const auto first = std::ranges::find_if(items, [](const AnsweredItem& item) {
        return item.outcome && item.outcome->text;
    });
    if (first != items.end()) json["model_info"] = model_json(first->outcome->model);
    Json warnings = warnings_json(answer);
    if (!warnings.empty()) json["warnings"] = std::move(warnings);
    return json;
}

// Of a film whose frames were looked at together.
Json film_answer_json(const Answer& answer) {
    Json json = item_json(answer.items.front());
    if (!*answer.film) {
        json["incomplete"] = error_json(answer.film->error())["error"];
        return json;
    }
    json["video"] = film_json(**answer.film);
    for (const Warning& warning : (*answer.film)->warnings) json["warnings"].push_back(warning_json(warning));
    return json;
}

Json answer_json(const Answer& answer) {
    if (answer.shape == AnswerShape::batch) return batch_json(answer);
    if (answer.shape == AnswerShape::frames) return frames_json(answer);
    ASSERT(answer.items.size() == 1);
    return answer.film ? film_answer_json(answer) : item_json(answer.items.front());
}

}  // namespace

AnsweredItem item_of(FilmFrame frame) {
    return {
        .id = {},
        .outcome = std::move(frame.outcome),
        .timestamp = frame.timestamp,
        .same_as = frame.same_as,
    };
}

std::string format_item(const AnsweredItem& item) {
    return written([&] { return item_json(item); });
}

std::string format_item(const AnsweredItem& item, const ItemSubject& subject) {
    return written([&] {
        Json json{{std::string(subject.field), subject.name}, {"index", subject.index}};
        json.update(item_json(item));
        return json;
    });
}

std::string format_answer(const Answer& answer) {
    return written([&] { return answer_json(answer); });
}

}  // namespace vignette
