#include "wire/dialects/photoprism.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "vignette/invariant.h"
#include "wire/answer/result_parts.h"
#include "wire/dialects/refusals.h"
#include "wire/json/reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/job_fields.h"
#include "wire/request/media.h"
#include "wire/request/option_reader.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

// Their `options` that are ours by another name, or the same.
struct VisionOption {
    std::string_view theirs;
    std::string_view ours;
};
constexpr std::array vision_options{
    VisionOption{"temperature", "temperature"},
    VisionOption{"top_k", "top_k"},
    VisionOption{"top_p", "top_p"},
    VisionOption{"min_p", "min_p"},
    VisionOption{"seed", "seed"},
    VisionOption{"num_predict", "max_length"},
    VisionOption{"max_output_tokens", "max_length"},
    VisionOption{"repeat_penalty", "repetition_penalty"},
    VisionOption{"stop", "stop"},
};

// Without them the answer would be another; what concerns only the machine (num_ctx, num_gpu) is ignored.
constexpr std::array<std::string_view, 7> refused_options{
    "tfs_z", "typical_p", "presence_penalty", "frequency_penalty", "mirostat", "mirostat_tau", "mirostat_eta",
};

class VisionReader {
public:
    VisionReader(const PaddedText& text, VisionTask task, const Limits& limits)
        : json_(text, limits.json_depth_max), task_(task), limits_(limits) {}

    Result<Request> read() {
        TRY(json_.read([this](std::string_view key, Value& value) {
            return about(key, read_member(key, value));
        }));
        if (problem_) return std::unexpected(*std::move(problem_));
        if (!job_.pictures.empty()) return finish();
        return fail(
            ErrorCode::missing_image,
            R"(there is no picture; send "images": ["data:image/jpeg;base64,..."] or an address as "url")",
            "images"
        );
    }

    std::string take_id() { return std::move(id_); }

private:
    // The id may stand behind what is wrong, and the answer must have it.
    Result<void> read_member(std::string_view key, Value& value) {
        const Result<void> outcome = problem_ && key != "id" ? json_.skip(value) : read_known(key, value);
        if (outcome) return {};
        const ErrorCode code = outcome.error().code;
        if (code == ErrorCode::invalid_json || code == ErrorCode::out_of_memory) return outcome;
        if (!problem_) problem_ = about(key, outcome).error();
        return json_.skip_unread(value);
    }

    Result<void> read_known(std::string_view key, Value& value) {
        if (TRY(json_.kind(value)) == JsonKind::null) return {};
        if (key == "id") return read_id(value);
        if (key == "images") return read_images(value);
        if (key == "url") return read_picture("url", value, MediaField::picture_url);
        if (key == "model") return read_text(key, value, job_.model);
        if (key == "system") return read_text(key, value, system_);
        if (key == "prompt") return read_text(key, value, prompt_);
        if (key == "suffix") return refuse_text(key, value, "");
        // Labels are data in any case; a caption would be JSON inside.
        if (key == "format") return refuse_text(key, value, task_ == VisionTask::labels ? "json" : "");
        if (key == "stream") return read_stream(value);
        if (key == "options") return read_options(value);
        return json_.skip(value);  // version, context: of the models behind other services
    }

    Result<void> read_id(Value& value) {
        TRY(only_once(seen_id_, "id"));
        std::optional<std::string> id = TRY(read_any_id(json_, "id", value));
        if (!id) return {};
        TRY(check_name_length("id", *id));
        id_ = *std::move(id);
        return {};
    }

    Result<void> read_images(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::array) return wrong_type("images", "an array of pictures", kind);
        // The list is read to its end even after an error: the id may follow it.
        Result<void> outcome;
        TRY(json_.elements(value, [&](Value& element) -> Result<void> {
            if (!outcome) return json_.skip(element);
            outcome = read_picture("images", element, MediaField::picture);
            return outcome ? Result<void>() : json_.skip_unread(element);
        }));
        return outcome;
    }

    Result<void> read_picture(std::string_view path, Value& value, MediaField field) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::string) return wrong_type(path, "the text of a picture", kind);
        const SharedText text = TRY(json_.string(value));
        if (job_.pictures.size() == limits_.batch_max)
            return fail(
                ErrorCode::too_many_images, std::string(path) + " holds too many pictures; send fewer"
            );
        job_.pictures.push_back(
            {.field = std::string(path), .source = TRY(read_media(path, text, limits_, field))}
        );
        return {};
    }

    Result<void> read_text(std::string_view path, Value& value, std::string& into) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
        const SharedText text = TRY(json_.string(value));
        if (text.view().size() > limits_.prompt_bytes_max) {
            return fail(
                ErrorCode::prompt_too_long, std::string(path) + " has " + std::to_string(text.view().size()) +
                                                " bytes; shorten it to " +
                                                std::to_string(limits_.prompt_bytes_max) + " or fewer"
            );
        }
        into = text.view();
        return {};
    }

    Result<void> refuse_text(std::string_view path, Value& value, std::string_view but_for) {
        std::string text;
        TRY(read_text(path, value, text));
        if (text.empty() || text == but_for) return {};
        return fail(ErrorCode::unsupported, std::string(path) + " is not supported; leave it empty");
    }

    Result<void> read_stream(Value& value) {
        if (!TRY(read_boolean(json_, "stream", value))) return {};
        return fail(ErrorCode::unsupported, "stream is not supported here; send false");
    }

    Result<void> read_options(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::object) return wrong_type("options", "an object", kind);
        Result<void> outcome;
        TRY(json_.members(value, [&](std::string_view key, Value& inner) -> Result<void> {
            if (!outcome) return json_.skip(inner);
            outcome = about("options." + shown(key), read_one_option(key, inner));
            if (outcome) return {};
            if (outcome.error().code == ErrorCode::invalid_json) return outcome;
            return json_.skip_unread(inner);
        }));
        return outcome;
    }

    Result<void> read_one_option(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        const std::string path = "options." + shown(key);
        if (kind == JsonKind::null) return {};
        const auto* const known = std::ranges::find(vision_options, key, &VisionOption::theirs);
        if (known != vision_options.end()) {
            const auto index = find_job_field(known->ours);
            ASSERT(index);
            return read_option(json_, limits_, path, job_fields[*index].option, value, job_.options);
        }
        const bool refused = std::ranges::find(refused_options, key) != refused_options.end();
        const bool unset = kind == JsonKind::number && whole_number(json_.token(value)) == 0;
        if (!refused || unset) return json_.skip(value);
        return fail(ErrorCode::unsupported, path + " is not supported; leave it out");
    }

    Request finish() {
        // There is no place for a system's words in a captioner's template: they go first.
        if (!system_.empty() && !prompt_.empty()) system_ += "\n\n";
        if (!system_.empty() || !prompt_.empty()) job_.options.prompt = system_ + prompt_;
        if (task_ == VisionTask::labels) job_.options.preset = Preset::tags;
        if (job_.model == "latest") job_.model.clear();
        job_.options.logprobs = true;  // the answer says how sure the model was
        job_.id = JobId{id_.empty() ? "local" : id_};
        Request request{.id = job_.id, .items = {}, .film = {}};
        request.items.push_back({.id = {}, .job = std::move(job_)});
        return request;
    }

    JsonReader json_;
    const VisionTask task_;
    const Limits& limits_;
    Job job_;
    std::string id_;
    bool seen_id_ = false;
    std::string system_;
    std::string prompt_;
    std::optional<Error> problem_;
};

ResultJson result_of(VisionTask task, const Caption& made) {
    const auto with_confidence = [&](ResultJson json) {
        if (made.confidence) json["confidence"] = made.confidence->mean;
        return json;
    };
    if (task == VisionTask::caption)
        return {{"caption", with_confidence({{"text", made.text.value_or("")}})}};
    ResultJson labels = ResultJson::array();
    if (made.tags)
        for (const std::string& tag : *made.tags) labels.push_back(with_confidence({{"name", tag}}));
    return {{"labels", std::move(labels)}};
}

}  // namespace

VisionRequest read_vision(std::string body, VisionTask task, const Limits& limits) {
    VisionRequest read{.id = {}, .request = {}, .bytes = body.size()};
    const auto whole = at_wall(ErrorCode::out_of_memory, [&] {
        VisionReader reader(PaddedText(std::move(body)), task, limits);
        read.request = reader.read();
        read.id = reader.take_id();
    });
    if (!whole) read.request = std::unexpected(whole.error());
    return read;
}

std::string format_vision(const std::string& id, VisionTask task, const Caption& made) {
    return written([&] {
        ResultJson json;
        if (!id.empty()) json["id"] = id;
        json["code"] = 200;
        json["result"] = result_of(task, made);
        return json;
    });
}

std::string format_vision_failure(const std::string& id, const Error& error, int status) {
    std::string text = format_refusal(Dialect::photoprism, error, status);
    if (id.empty()) return text;
    const std::string head = written([&] { return ResultJson{{"id", id}}; });
    return head.substr(0, head.size() - 1) + "," + text.substr(1);
}

}  // namespace vignette
