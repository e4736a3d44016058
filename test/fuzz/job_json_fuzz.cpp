// parse_request() on anything: it never crashes, takes exactly what is JSON (nlohmann is the second opinion),
// and its result or refusal can always be written as valid JSON.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "vignette/invariant.h"
#include "wire/answer/answer_json.h"
#include "wire/answer/result_json.h"
#include "wire/dialects/any_job.h"

namespace {

using nlohmann::json;
using vignette::ErrorCode;
using vignette::Job;
using vignette::Request;

constexpr vignette::Limits limits{
    .body_bytes_max = 64 * vignette::KiB, .batch_max = 8, .prompt_bytes_max = 64
};

bool differs_by_design(std::string_view body) {  // nlohmann takes a NUL for the end of the text, we for junk
    return body.find('\0') != std::string_view::npos;
}

// Empty if nlohmann has no opinion: 1e999 is JSON, but not a double.
std::optional<json> second_opinion(std::string_view body) {
    try {
        return json::parse(body);
    } catch (const json::out_of_range&) {
        return std::nullopt;
    } catch (const json::parse_error&) {
        return json(json::value_t::discarded);
    }
}

// The number of pictures or texts in all fields that may hold them.
std::size_t things_of(const json& event) {
    std::size_t count = 0;
    for (const char* field :
         {"data_url", "image_base64", "image", "image_url", "images", "data_urls", "image_urls", "frames",
          "frame_urls", "text", "texts", "video", "video_url"}) {
        const auto& input = event.at("input");
        if (!input.contains(field) || input.at(field).is_null()) continue;
        count += input.at(field).is_array() ? input.at(field).size() : 1;
    }
    return count;
}

bool within(const std::optional<double>& option, double least, double most) {
    return !option || (*option >= least && *option <= most);
}

void check_texts(const std::vector<std::string>& texts, std::size_t count_max) {
    ASSERT(texts.size() <= count_max);
    for (const std::string& text : texts) ASSERT(!text.empty() && text.size() <= limits.word_bytes_max);
}

// What the captioner relies on.
void check_options(const vignette::CaptionOptions& options) {
    ASSERT(options.prompt.value_or("").size() <= limits.prompt_bytes_max);
    ASSERT(options.prefix.value_or("").size() <= limits.prompt_bytes_max);
    ASSERT(!options.schema || options.schema->size() <= limits.schema_bytes_max);
    if (options.schema) {
        const auto schema = second_opinion(*options.schema);
        ASSERT(!schema || schema->is_object());
    }
    for (const auto& whole :
         {options.max_length, options.min_length, options.num_beams, options.n, options.top_k, options.seed,
          options.no_repeat_ngram_size})
        ASSERT(whole.value_or(0) >= 0);
    ASSERT(within(options.temperature, 0, 100) && within(options.min_p, 0, 1));
    ASSERT(within(options.top_p, 0, 1) && options.top_p != 0);
    ASSERT(within(options.repetition_penalty, 0.01, 100) && within(options.length_penalty, -10, 10));
    check_texts(options.stop, limits.stops_max);
    check_texts(options.bad_words, limits.bad_words_max);
}

void check_source(const vignette::PictureContent& source) {
    if (const auto* remote = std::get_if<vignette::RemotePicture>(&source)) {
        ASSERT(!remote->url.empty() && remote->url.size() <= limits.url_bytes_max);
    } else {
        ASSERT(!std::get<vignette::Base64Picture>(source).text.view().empty());
    }
}

void check_job(const Job& job) {
    for (const vignette::PictureSource& picture : job.pictures) check_source(picture.source);
    ASSERT(job.warnings.size() <= 2 * (limits.warnings_max + 1));  // the job's and the item's
    check_options(job.options);

    vignette::Caption caption;
    caption.text = job.options.prompt.value_or("");
    caption.warnings = job.warnings;
    const json written = json::parse(vignette::format_result(caption));
    ASSERT(written.at("caption") == *caption.text);
}

// One item may hold several pictures.
std::size_t things_of(const vignette::Item& item) {
    return item.job ? std::max<std::size_t>(1, item.job->pictures.size()) : 1;
}

void check_film(const vignette::Film& film) {
    const vignette::FrameOptions& options = film.options;
    ASSERT(!film.source.field.empty() && film.frame_job.pictures.empty());
    check_source(film.source.source);
    ASSERT(std::ranges::is_sorted(options.timestamps) && options.timestamps.size() <= limits.timestamps_max);
    ASSERT(within(options.fps, 0, 1000) && options.fps != 0);
    ASSERT(options.max_frames.value_or(1) >= 1);
    ASSERT(within(options.window, 1, 86'400) && (options.together || !options.window));
    ASSERT(!options.window || (options.timestamps.empty() && !options.keyframes));
    check_options(film.frame_job.options);
}

void check_taken(const Request& request, std::string_view body) {
    if (request.film) return check_film(*request.film);
    ASSERT(!request.items.empty() && request.items.size() <= limits.batch_max);
    ASSERT(
        request.shape != vignette::AnswerShape::single ||
        (request.items.size() == 1 && request.items.front().job)
    );
    std::size_t things = 0;
    vignette::Answer answer{.items = {}, .shape = request.shape, .took = {}};
    for (const vignette::Item& item : request.items) {
        things += things_of(item);
        if (item.job) check_job(*item.job);
        ASSERT(item.job || item.job.error().code != ErrorCode::invalid_json);
        answer.items.push_back({item.id, std::unexpected(item.job ? vignette::Error{} : item.job.error())});
    }
    const auto event = second_opinion(body);
    if (event) ASSERT(event->is_object() && things_of(*event) == things);
    ASSERT(json::parse(vignette::format_answer(answer)).is_object());
}

void check_refused(const vignette::Error& error, std::string_view body) {
    const json written = json::parse(vignette::format_result(std::unexpected(error)));
    ASSERT(written.at("error").at("message") == error.message);
    const bool too_deep = error.message.find("nested deeper") != std::string::npos;
    if (error.code != ErrorCode::invalid_json || too_deep) return;
    const auto event = second_opinion(body);
    if (event) ASSERT(!event->is_object());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string body(reinterpret_cast<const char*>(data), size);
    const auto request = vignette::parse_request(body, limits);
    if (differs_by_design(body)) return 0;
    request ? check_taken(*request, body) : check_refused(request.error(), body);
    return 0;
}
