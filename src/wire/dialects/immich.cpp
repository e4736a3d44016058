#include "wire/dialects/immich.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "core/utf8.h"
#include "vignette/invariant.h"
#include "wire/answer/result_parts.h"
#include "wire/json/reader.h"
#include "wire/multipart.h"
#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

// Immich names models as OpenCLIP does; the same checkpoints on the hub:
struct ModelAlias {
    std::string_view theirs;
    std::string_view ours;
};
constexpr std::array aliases{
    ModelAlias{"ViT-B-32__openai", "openai/clip-vit-base-patch32"},
    ModelAlias{"ViT-L-14__openai", "openai/clip-vit-large-patch14"},
};

// A name that is no alias may be a bundle's own.
std::string our_name(std::string_view name) {
    const auto* const found = std::ranges::find(aliases, name, &ModelAlias::theirs);
    return std::string(found == aliases.end() ? name : found->ours);
}

struct Entry {  // of `entries`: what is asked for
    bool of_picture = false;
    std::string model;
};

// `{"clip": {"visual": {"modelName": "...", "options": {...}}}}`, or "textual"
class EntryReader {
public:
    EntryReader(const PaddedText& text, const Limits& limits) : json_(text, limits.json_depth_max) {}

    Result<Entry> read() {
        TRY(json_.read([this](std::string_view task, Value& value) { return read_task(task, value); }));
        if (entry_) return *std::move(entry_);
        return fail(
            ErrorCode::invalid_input,
            R"(entries is empty; send {"clip": {"visual": {"modelName": "ViT-B-32__openai"}}})", "entries"
        );
    }

private:
    // At once, so that Immich goes on to its next server.
    Result<void> read_task(std::string_view task, Value& value) {
        if (task != "clip") {
            return fail(
                ErrorCode::unsupported,
                "this server makes no \"" + shown(task) +
                    "\", only \"clip\"; give Immich another machine-learning URL for it",
                "entries." + shown(task)
            );
        }
        TRY(require_object("entries.clip", value));
        return json_.members(value, [this](std::string_view type, Value& inner) {
            return read_type(type, inner);
        });
    }

    Result<void> read_type(std::string_view type, Value& value) {
        const std::string path = "entries.clip." + shown(type);
        if (type != "visual" && type != "textual")
            return fail(ErrorCode::unsupported, path + " is not known; send visual or textual", path);
        if (entry_) return fail(ErrorCode::unsupported, "send one entry in a request", path);
        TRY(require_object(path, value));
        Entry entry{.of_picture = type == "visual", .model = {}};
        TRY(json_.members(value, [&](std::string_view key, Value& inner) -> Result<void> {
            if (key != "modelName") return json_.skip(inner);  // options: the query's language
            const JsonKind kind = TRY(json_.kind(inner));
            if (kind != JsonKind::string) return wrong_type(path + ".modelName", "a string", kind);
            const SharedText name = TRY(json_.string(inner));
            entry.model = name.view();
            return check_name_length(path + ".modelName", entry.model);
        }));
        if (entry.model.empty()) return fail(ErrorCode::invalid_input, path + " has no modelName", path);
        entry_ = std::move(entry);
        return {};
    }

    Result<void> require_object(std::string_view path, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        return kind == JsonKind::object ? Result<void>() : wrong_type(path, "an object", kind);
    }

    JsonReader json_;
    std::optional<Entry> entry_;
};

const FormPart* find_part(const std::vector<FormPart>& parts, std::string_view name) {
    const auto found = std::ranges::find(parts, name, &FormPart::name);
    return found == parts.end() ? nullptr : &*found;
}

Result<void> put_text(const FormPart& part, const Limits& limits, Job& job) {
    const std::string_view text = part.content.view();
    if (text.size() > limits.prompt_bytes_max) {
        return fail(
            ErrorCode::prompt_too_long,
            "text has " + std::to_string(text.size()) + " bytes; shorten it to " +
                std::to_string(limits.prompt_bytes_max) + " or fewer",
            "text"
        );
    }
    if (valid_utf8(text) != text) return fail(ErrorCode::invalid_input, "text is not valid UTF-8", "text");
    job.text = text;
    return {};
}

Result<Job> prediction_job(const std::vector<FormPart>& parts, const Limits& limits) {
    const FormPart* const entries = find_part(parts, "entries");
    if (entries == nullptr) return fail(ErrorCode::invalid_input, "entries is missing", "entries");
    const PaddedText text{std::string(entries->content.view())};
    const Entry entry = TRY(about("entries", EntryReader(text, limits).read()));
    const FormPart* const input = find_part(parts, entry.of_picture ? "image" : "text");
    if (input == nullptr) {
        return fail(
            entry.of_picture ? ErrorCode::missing_image : ErrorCode::invalid_input,
            entry.of_picture ? "the form has no image; send its bytes, not only an asset's id"
                             : "the form has no text",
            entry.of_picture ? "image" : "text"
        );
    }
    Job job;
    job.id = JobId{"local"};
    job.task = Task::embed;
    job.model = our_name(entry.model);
    if (entry.of_picture) {
        job.pictures.push_back(TRY(picture_of(*input, "image", limits)));
    } else {
        TRY(put_text(*input, limits, job));
    }
    return job;
}

Result<PlainRequest> read_prediction_form(
    std::string_view content_type, std::string body, const Limits& limits
) {
    PlainRequest read{.request = {.id = JobId{"local"}, .items = {}, .film = {}}, .bytes = body.size()};
    const std::vector<FormPart> parts = TRY(read_multipart(content_type, SharedText(std::move(body))));
    read.request.items.push_back({.id = {}, .job = TRY(prediction_job(parts, limits))});
    return read;
}

}  // namespace

Result<PlainRequest> read_prediction(std::string_view content_type, std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read_prediction_form(content_type, std::move(body), limits);
    }));
}

std::string format_prediction(const Caption& made) {
    ASSERT(made.embedding);
    return written([&] {
        ResultJson json{{"clip", written_json(vector_json(*made.embedding))}};
        if (!made.images.empty()) {
            json["imageHeight"] = made.images.front().size.height;
            json["imageWidth"] = made.images.front().size.width;
        }
        return json;
    });
}

}  // namespace vignette
