// read_taken_jobs(): a good body is read once and in place; a broken one is searched for ids.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/ascii.h"
#include "wire/dialects/any_job.h"
#include "wire/dialects/runpod.h"
#include "wire/json/pieces.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t jobs_max = 4096;  // per request; the worker never asks for that many

// The text of a JSON string or number, nullopt for anything else. Bytes that are not UTF-8 are replaced.
std::optional<std::string> text_of(std::string_view token) {
    const bool may_be =
        token.starts_with('"') || token.starts_with('-') || (!token.empty() && is_ascii_digit(token.front()));
    if (!may_be) return std::nullopt;
    std::string repaired =  // by dumping it as if it were a text and reading it back
        Json::parse(Json(token).dump(-1, ' ', false, Json::error_handler_t::replace)).get<std::string>();
    const Json value = Json::parse(repaired, nullptr, false);
    if (value.is_number()) return repaired;
    if (!value.is_string()) return std::nullopt;
    return value.get<std::string>();
}

struct NamedPiece {
    std::string_view key, value;  // tokens
};

std::optional<NamedPiece> member_of(std::string_view piece) {
    if (!piece.starts_with('"')) return std::nullopt;
    const std::size_t key_end = string_end(piece, 0);
    const std::size_t colon = piece.find(':', std::min(key_end, piece.size()));
    if (colon == std::string_view::npos) return std::nullopt;
    return NamedPiece{piece.substr(0, key_end), trim(piece.substr(colon + 1))};
}

bool is_id_key(std::string_view key) {
    constexpr std::size_t escaped_bytes_max = sizeof(R"("\u0069\u0064")");
    return key == R"("id")" || (key.size() < escaped_bytes_max && text_of(key) == "id");
}

std::optional<JobId> find_id(std::string_view object) {
    JsonPieces pieces(object);
    while (const auto piece = pieces.next()) {
        const auto member = member_of(*piece);
        if (!member || !is_id_key(member->key)) continue;
        auto id = text_of(member->value);
        if (id && !id->empty()) return JobId{*std::move(id)};
    }
    return std::nullopt;
}

TakenJob read_job(const PaddedText& text, const Limits& limits) {
    ReadRequest read = read_any_job(text, limits, {.id_length = IdLength::any});
    if (!read.id && !read.request && text.view().starts_with('{')) read.id = find_id(text.view());
    return {.id = std::move(read.id), .request = std::move(read.request)};
}

bool is_cut_off(std::string_view text) {
    JsonPieces pieces(text);
    while (pieces.next()) {
    }
    return !pieces.closed();
}

Result<std::vector<TakenJob>> read_one(const PaddedText& text, const Limits& limits) {
    TakenJob job = read_job(text, limits);
    if (!job.request && is_cut_off(text.view())) return std::unexpected(std::move(job.request).error());
    std::vector<TakenJob> jobs;
    jobs.push_back(std::move(job));
    return jobs;
}

Result<std::vector<TakenJob>> read_all(const PaddedText& text, const Limits& limits) {
    std::vector<TakenJob> jobs;
    JsonPieces pieces(text.view());
    while (const auto piece = pieces.next()) {
        if (jobs.size() == jobs_max) {
            return fail(
                ErrorCode::invalid_input, "the platform sent more than " + std::to_string(jobs_max) + " jobs"
            );
        }
        jobs.push_back(read_job(text.part(*piece), limits));
    }
    if (pieces.closed()) return jobs;
    return fail(ErrorCode::invalid_json, "bad JSON: the list of jobs was cut off");
}

Result<std::vector<TakenJob>> read_body(const PaddedText& text, const Limits& limits) {
    std::string_view body = text.view();
    if (body.starts_with(byte_order_mark)) body.remove_prefix(byte_order_mark.size());
    body = trim(body);
    if (body.starts_with('[')) return read_all(text.part(body), limits);
    if (body.starts_with('{')) return read_one(text.part(body), limits);
    return fail(ErrorCode::invalid_json, "bad JSON: expected one job object or an array of them");
}

}  // namespace

Result<std::vector<TakenJob>> read_taken_jobs(std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read_body(PaddedText(std::move(body)), limits);
    }));
}

}  // namespace vignette
