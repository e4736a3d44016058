// parse_request() on anything: it never crashes, takes exactly what is JSON (nlohmann is the second opinion),
// and what it took or refused can always be told as valid JSON.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "vignette/invariant.h"
#include "wire/job_json.h"
#include "wire/result_json.h"

namespace {

using nlohmann::json;
using vignette::ErrorCode;
using vignette::Job;
using vignette::Request;

constexpr vignette::Limits limits{
    .body_bytes_max = 64 * vignette::KiB, .batch_max = 8, .prompt_bytes_max = 64
};

bool differs_by_design(std::string_view body) {  // a NUL ends a text for nlohmann, and is rubbish for us
    return body.find('\0') != std::string_view::npos;
}

// Empty where nlohmann has no opinion: 1e999 is JSON, but no double.
std::optional<json> second_opinion(std::string_view body) {
    try {
        return json::parse(body);
    } catch (const json::out_of_range&) {
        return std::nullopt;
    } catch (const json::parse_error&) {
        return json(json::value_t::discarded);
    }
}

// Of all fields that may hold pictures: how many it has, or none of no picture.
std::size_t pictures_of(const json& event) {
    std::size_t count = 0;
    for (const char* field : {"data_url", "image_base64", "image", "images", "data_urls"}) {
        const auto& input = event.at("input");
        if (!input.contains(field) || input.at(field).is_null()) continue;
        count += input.at(field).is_array() ? input.at(field).size() : 1;
    }
    return count;
}

void check_job(const Job& job) {
    ASSERT(!job.image_field.empty());
    ASSERT(!std::get<vignette::Base64Image>(job.image).text.view().empty());
    ASSERT(job.warnings.size() <= 2 * (limits.warnings_max + 1));  // of the job and of the item
    ASSERT(!job.options.prompt || job.options.prompt->size() <= limits.prompt_bytes_max);
    ASSERT(job.options.max_length.value_or(0) >= 0);

    vignette::Caption caption;
    caption.text = job.options.prompt.value_or("");
    caption.warnings = job.warnings;
    const json told = json::parse(vignette::format_result(caption));
    ASSERT(told.at("caption") == caption.text);
}

void check_taken(const Request& request, std::string_view body) {
    ASSERT(!request.items.empty() && request.items.size() <= limits.batch_max);
    ASSERT(request.batch || (request.items.size() == 1 && request.items.front().job));
    const auto event = second_opinion(body);
    if (event) ASSERT(event->is_object() && pictures_of(*event) == request.items.size());
    vignette::Answer answer{.items = {}, .batch = request.batch, .took = {}};
    for (const vignette::Item& item : request.items) {
        if (item.job) check_job(*item.job);
        ASSERT(item.job || item.job.error().code != ErrorCode::invalid_json);
        answer.items.push_back({item.id, std::unexpected(item.job ? vignette::Error{} : item.job.error())});
    }
    ASSERT(json::parse(vignette::format_answer(answer)).is_object());
}

void check_refused(const vignette::Error& error, std::string_view body) {
    const json told = json::parse(vignette::format_result(std::unexpected(error)));
    ASSERT(told.at("error").at("message") == error.message);
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
