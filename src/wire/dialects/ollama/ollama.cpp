#include "wire/dialects/ollama/ollama.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <utility>

#include "wire/dialects/ollama/ollama_parts.h"
#include "wire/dialects/turns.h"
#include "wire/request/batch_reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/option_reader.h"
#include "wire/request/warning_list.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

struct OllamaOption {
    std::string_view name;
    Option option;
    bool may_be_negative = false;  // which means: as the model likes
};
constexpr std::array ollama_options{
    OllamaOption{"num_predict", WholeOption{&CaptionOptions::max_length}, true},
    OllamaOption{"temperature", RealOption{&CaptionOptions::temperature, 0, 100}},
    OllamaOption{"top_p", RealOption{&CaptionOptions::top_p, 0, 1, false}},
    OllamaOption{"top_k", WholeOption{&CaptionOptions::top_k}, true},
    OllamaOption{"min_p", RealOption{&CaptionOptions::min_p, 0, 1}},
    OllamaOption{"seed", WholeOption{&CaptionOptions::seed}, true},
    OllamaOption{"stop", ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    OllamaOption{"repeat_penalty", RealOption{&CaptionOptions::repetition_penalty, 0.01, 100}},
};

// About the machine, not about the answer.
constexpr std::array<std::string_view, 14> machine_options{
    "numa",     "num_ctx",   "num_batch", "num_gpu",    "main_gpu",   "low_vram",       "f16_kv",
    "use_mmap", "use_mlock", "num_keep",  "vocab_only", "num_thread", "embedding_only", "logits_all",
};

struct Refused {
    std::string_view name;
    std::string_view remedy;
};
constexpr std::array ollama_refused{
    Refused{"suffix", "the models here describe pictures and fill no gaps; leave it out"},
    Refused{"context", "no request knows another; leave it out"},
    Refused{"template", "the model's own template is used; leave it out"},
    Refused{"raw", "the model's own template is used; leave it out"},
    Refused{"think", "no model here thinks aloud; send false"},
    Refused{"tools", "the models here call no tools; leave it out"},
    Refused{"logprobs", "leave it out, or send a job to /run with \"logprobs\": true"},
    Refused{"top_logprobs", "leave it out, or send a job to /run with \"logprobs\": true"},
    Refused{"width", "the models here make no pictures; leave it out"},
    Refused{"height", "the models here make no pictures; leave it out"},
    Refused{"steps", "the models here make no pictures; leave it out"},
};

// PhotoPrism names its requests and the model's version.
constexpr std::array<std::string_view, 3> ollama_ignored{"keep_alive", "id", "version"};

bool is_among(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

constexpr PictureHint ollama_chat_pictures{
    .field = "messages", .example = R"({"role": "user", "content": "...", "images": ["..."]})"
};
constexpr PictureHint ollama_generate_pictures{.field = "images", .example = R"(["..."])"};

class OllamaReader {
public:
    OllamaReader(const PaddedText& text, OllamaRoute route, const JobId& id, const Limits& limits)
        : json_(text, limits.json_depth_max), limits_(limits), warnings_(limits.warnings_max) {
        ask_.route = route;
        job_.id = ask_.request.id = id;
    }

    Result<OllamaAsk> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        std::vector<Turn> turns = all_turns();
        ask_.only_loads = turns.empty();
        const bool is_chat = ask_.route == OllamaRoute::chat;
        const PictureHint& hint = is_chat ? ollama_chat_pictures : ollama_generate_pictures;
        if (!ask_.only_loads) TRY(converse(job_, std::move(turns), hint, limits_));
        ask_.prefix = job_.options.prefix.value_or("").size();
        ask_.request.stream = stream_;
        job_.model = without_tag(ask_.model);
        job_.warnings = warnings_.finish("body");
        ask_.request.items.push_back({.id = {}, .job = std::move(job_)});
        return std::move(ask_);
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        if (key == "model") {
            ask_.model = TRY(read_ollama_name(json_, value));
            return {};
        }
        if (key == "stream") {
            stream_ = TRY(read_boolean(json_, key, value));
            return {};
        }
        if (key == "format") return read_format(value, kind);
        if (key == "options") return read_options(value, kind);
        if (key == "system") return read_text("system", value, system_);
        if (ask_.route == OllamaRoute::chat && key == "messages") return read_messages(value);
        if (ask_.route == OllamaRoute::generate && key == "prompt")
            return read_text("prompt", value, prompt_);
        if (ask_.route == OllamaRoute::generate && key == "images")
            return read_ollama_images(json_, limits_, "images", value, pictures_);
        return read_other(key, value);
    }

    Result<void> read_other(std::string_view key, Value& value) {
        const auto refused = std::ranges::find(ollama_refused, key, &Refused::name);
        if (refused != ollama_refused.end()) return refuse_field(json_, key, refused->remedy, value);
        if (!is_among(ollama_ignored, key))
            warnings_.add(std::string(key.substr(0, 64)), [] { return "unknown field, ignored"; });
        return json_.skip(value);
    }

    Result<void> read_text(const std::string& path, Value& value, std::string& text) {
        const std::string read = TRY(read_text_value(json_, limits_, path, value));
        text = read;
        return {};
    }

    Result<void> read_format(Value& value, JsonKind kind) {
        if (kind == JsonKind::object) {
            return read_option(
                json_, limits_, "format", SchemaOption{&CaptionOptions::schema}, value, job_.options
            );
        }
        if (kind != JsonKind::string) return wrong_type("format", "\"json\" or a JSON schema", kind);
        const SharedText format = TRY(json_.string(value));
        if (format.view() == "json") job_.options.schema = R"({"type":"object"})";
        if (format.view().empty() || format.view() == "json") return {};
        return fail(ErrorCode::invalid_input, "must be \"json\" or a JSON schema", "format");
    }

    Result<void> read_options(Value& value, JsonKind kind) {
        if (kind != JsonKind::object) return wrong_type("options", "an object", kind);
        return json_.members(value, [this](std::string_view key, Value& inner) -> Result<void> {
            if (TRY(json_.kind(inner)) == JsonKind::null) return json_.skip(inner);
            const std::string path = "options." + std::string(key.substr(0, 64));
            const auto known = std::ranges::find(ollama_options, key, &OllamaOption::name);
            if (known == ollama_options.end()) {
                if (!is_among(machine_options, key))
                    warnings_.add(path, [] { return "not supported here, ignored"; });
                return json_.skip(inner);
            }
            if (known->may_be_negative && json_.token(inner).starts_with('-')) return json_.skip(inner);
            return read_option(json_, limits_, path, known->option, inner, job_.options);
        });
    }

    Result<void> read_messages(Value& value) {
        messages_ = TRY(read_turns(json_, "messages", value, [this](Turn& turn, Value& message) {
            return json_.members(message, [&](std::string_view key, Value& field) {
                return read_message(turn, key, field);
            });
        }));
        return {};
    }

    Result<void> read_message(Turn& turn, std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        const std::string path = turn.path + "." + std::string(key.substr(0, 64));
        if (key == "role") {
            if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
            return read_role(turn, path, TRY(json_.string(value)).view());
        }
        if (key == "content") return read_text(path, value, turn.text);
        if (key == "images") return read_ollama_images(json_, limits_, path, value, turn.pictures);
        if (key == "tool_calls" || key == "tool_name")
            return refuse_field(json_, path, "the models here call no tools; leave it out", value);
        return json_.skip(value);  // "thinking" is not what was said
    }

    static Result<void> read_role(Turn& turn, const std::string& path, std::string_view role) {
        if (role == "system") {
            turn.speaker = Speaker::system;
        } else if (role == "assistant") {
            turn.speaker = Speaker::assistant;
        } else if (role == "tool") {
            return fail(
                ErrorCode::unsupported, "the models here call no tools; leave this message out", path
            );
        } else if (role != "user") {
            return fail(ErrorCode::invalid_input, "must be system, user or assistant", path);
        }
        return {};
    }

    // The system's text comes first, wherever it is in the body.
    std::vector<Turn> all_turns() {
        std::vector<Turn> turns;
        if (!prompt_.empty() || !pictures_.empty())
            messages_.push_back({"prompt", Speaker::user, std::move(prompt_), std::move(pictures_)});
        if (messages_.empty()) return turns;
        if (!system_.empty()) turns.push_back({"system", Speaker::system, std::move(system_), {}});
        std::ranges::move(messages_, std::back_inserter(turns));
        return turns;
    }

    JsonReader json_;
    const Limits& limits_;
    OllamaAsk ask_;
    Job job_;
    bool stream_ = true;
    std::string system_;
    std::string prompt_;
    std::vector<PictureSource> pictures_;
    std::vector<Turn> messages_;
    WarningList warnings_;
};

}  // namespace

Result<OllamaAsk> read_ollama(std::string body, OllamaRoute route, const JobId& id, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&]() -> Result<OllamaAsk> {
        const std::size_t bytes = body.size();
        OllamaAsk ask = TRY(OllamaReader(PaddedText(std::move(body)), route, id, limits).read());
        ask.bytes = bytes;
        return ask;
    }));
}

}  // namespace vignette
