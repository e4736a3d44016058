#include "wire/answer/film_json.h"

#include <algorithm>
#include <exception>

#include "core/enum_text.h"
#include "wire/answer/result_parts.h"

namespace vignette {
namespace {

using Json = ResultJson;

Json frame_json(const FilmFrame& frame) {
    Json json;
    json["timestamp"] = frame.timestamp;
    if (frame.same_as) json["same_as"] = *frame.same_as;
    json.update(result_json(frame.outcome));
    return json;
}

Json video_json(const FilmInfo& info) {
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

Json warnings_json(const FilmAnswer& answer, const Result<FilmInfo>& info) {
    Json list = Json::array();
    if (info) {
        for (const Warning& warning : info->warnings) list.push_back(warning_json(warning));
    }
    for (const auto& [index, warning] : answer.warnings) {
        Json json = warning_json(warning);
        json["index"] = index;
        list.push_back(std::move(json));
    }
    return list;
}

void add_failures(Json& json, const FilmAnswer& answer) {
    Json failed = Json::array();
    Json errors = Json::array();
    for (const auto& [index, error] : answer.errors) {
        failed.push_back(index);
        Json told = error_json(error);
        told["index"] = index;
        errors.push_back(std::move(told));
    }
    json["failed_indices"] = std::move(failed);
    json["count"] = answer.descriptions.size();
    json["errors"] = std::move(errors);
}

Json film_json(const FilmAnswer& answer, const Result<FilmInfo>& info, std::chrono::duration<double> took) {
    Json json;
    json["descriptions"] = Json::array();
    for (const auto& text : answer.descriptions) json["descriptions"].push_back(text ? Json(*text) : Json());
    json["timestamps"] = answer.timestamps;
    const bool embedded =
        std::ranges::any_of(answer.embeddings, [](const auto& one) { return one.has_value(); });
    if (embedded) {
        json["embeddings"] = Json::array();
        for (const auto& one : answer.embeddings)
            json["embeddings"].push_back(one ? vector_json(*one) : Json());
    }
    add_failures(json, answer);
    json["duplicates"] = Json::array();
    for (const auto& [index, same_as] : answer.duplicates) json["duplicates"].push_back({index, same_as});
    if (info) {
        json["video"] = video_json(*info);
    } else {
        json["incomplete"] = error_json(info.error())["error"];
    }
    json["processing_time"] = took.count();
    if (answer.model) json["model_info"] = model_json(*answer.model);
    Json warnings = warnings_json(answer, info);
    if (!warnings.empty()) json["warnings"] = std::move(warnings);
    return json;
}

}  // namespace

void FilmAnswer::add(FilmFrame frame) {
    timestamps.push_back(frame.timestamp);
    if (frame.same_as) duplicates.emplace_back(frame.index, *frame.same_as);
    if (!frame.outcome) {
        errors.emplace_back(frame.index, std::move(frame.outcome).error());
        descriptions.emplace_back();
        embeddings.emplace_back();
        return;
    }
    Caption& made = *frame.outcome;
    if (!model && made.text) model = std::move(made.model);
    descriptions.push_back(std::move(made.text));
    embeddings.push_back(std::move(made.embedding));
    for (Warning& warning : made.warnings) {
        const bool known =
            std::ranges::any_of(warnings, [&](const auto& one) { return one.second == warning; });
        if (!known && warnings.size() < Limits{}.warnings_max)
            warnings.emplace_back(frame.index, std::move(warning));
    }
}

std::string format_frame(const FilmFrame& frame) {
    return written([&] { return frame_json(frame); });
}

std::string format_film(
    const FilmAnswer& answer, const Result<FilmInfo>& info, std::chrono::duration<double> took
) {
    return written([&] { return film_json(answer, info, took); });
}

}  // namespace vignette
