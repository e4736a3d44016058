#include "wire/dialects/anthropic/anthropic.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include "wire/dialects/anthropic/anthropic_content.h"
#include "wire/dialects/turns.h"
#include "wire/request/field_checks.h"
#include "wire/request/option_reader.h"
#include "wire/request/warning_list.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

struct AnthropicOption {
    std::string_view name;
    Option option;
};
constexpr std::array anthropic_options{
    AnthropicOption{"max_tokens", WholeOption{&CaptionOptions::max_length}},
    AnthropicOption{"stop_sequences", ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    AnthropicOption{"temperature", RealOption{&CaptionOptions::temperature, 0, 1}},
    AnthropicOption{"top_p", RealOption{&CaptionOptions::top_p, 0, 1, false}},
    AnthropicOption{"top_k", WholeOption{&CaptionOptions::top_k}},
};

struct RefusedMember {
    std::string_view name;
    std::string_view remedy;
};
constexpr std::array anthropic_refused{
    RefusedMember{"tools", "the models here call no tools; leave it out"},
    RefusedMember{"mcp_servers", "the models here call no tools; leave it out"},
    RefusedMember{"container", "the models here run no code; leave it out"},
    RefusedMember{"context_management", "no request knows another; leave it out"},
};

// About billing, caching and routing.
constexpr std::array<std::string_view, 9> anthropic_ignored{
    "metadata",    "service_tier",    "cache_control", "inference_geo", "speed",
    "diagnostics", "user_profile_id", "workspace_id",  "betas",
};

constexpr PictureHint anthropic_pictures{
    .field = "messages",
    .example = R"({"type": "image", "source": {"type": "base64", "media_type": "image/jpeg", "data": "..."}})"
};

class AnthropicReader {
public:
    AnthropicReader(const PaddedText& text, const JobId& id, const Limits& limits)
        : json_(text, limits.json_depth_max),
          limits_(limits),
          content_(json_, limits),
          warnings_(limits.warnings_max) {
        job_.id = ask_.request.id = id;
    }

    Result<AnthropicAsk> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        TRY(check_required());
        std::vector<Turn> turns;
        if (!system_.text.empty()) turns.push_back(std::move(system_));
        std::ranges::move(messages_, std::back_inserter(turns));
        TRY(converse(job_, std::move(turns), anthropic_pictures, limits_));
        ask_.prefix = job_.options.prefix.value_or("").size();
        job_.model = ask_.model;
        job_.warnings = warnings_.finish("body");
        ask_.request.items.push_back({.id = {}, .job = std::move(job_)});
        return std::move(ask_);
    }

private:
    Result<void> check_required() const {
        if (ask_.model.empty()) return fail(ErrorCode::invalid_input, "is required", "model");
        if (!job_.options.max_length) return fail(ErrorCode::invalid_input, "is required", "max_tokens");
        if (*job_.options.max_length == 0)
            return fail(ErrorCode::invalid_input, "must be at least 1", "max_tokens");
        if (messages_.empty()) return fail(ErrorCode::invalid_input, "is required", "messages");
        return {};
    }

    Result<void> read_member(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        if (key == "model") {
            ask_.model = TRY(read_anthropic_word(json_, "model", value));
            return check_name_length("model", ask_.model);
        }
        if (key == "stream") {
            ask_.request.stream = TRY(read_boolean(json_, key, value));
            return {};
        }
        if (key == "messages") return read_messages(value);
        if (key == "system") {
            system_.path = key;
            system_.speaker = Speaker::system;
            return content_.read(system_, "system", value, kind);
        }
        if (key == "output_config") return read_output(value, kind);
        if (key == "output_format") return read_format("output_format", value, kind);
        if (key == "thinking") return read_switch(key, "disabled", value, kind);
        if (key == "tool_choice") return read_switch(key, "none", value, kind);
        return read_other(key, value);
    }

    Result<void> read_other(std::string_view key, Value& value) {
        const auto option = std::ranges::find(anthropic_options, key, &AnthropicOption::name);
        if (option != anthropic_options.end())
            return read_option(json_, limits_, key, option->option, value, job_.options);
        const auto refused = std::ranges::find(anthropic_refused, key, &RefusedMember::name);
        if (refused != anthropic_refused.end()) return refuse_field(json_, key, refused->remedy, value);
        if (std::ranges::find(anthropic_ignored, key) == anthropic_ignored.end())
            warnings_.add(std::string(key.substr(0, 64)), [] { return "unknown field, ignored"; });
        return json_.skip(value);
    }

    // {"type": "disabled"}: of what we cannot do, only its absence.
    Result<void> read_switch(std::string_view key, std::string_view off, Value& value, JsonKind kind) {
        if (kind != JsonKind::object) return wrong_type(key, "an object", kind);
        std::string type;
        TRY(json_.members(value, [&](std::string_view name, Value& inner) -> Result<void> {
            if (name != "type") return json_.skip(inner);
            type = TRY(read_anthropic_word(json_, std::string(key) + ".type", inner));
            return {};
        }));
        if (type == off) return {};
        return fail(
            ErrorCode::unsupported,
            std::string(key) + R"( is not supported by the models here; leave it out, or send {"type": ")" +
                std::string(off) + "\"}",
            std::string(key)
        );
    }

    Result<void> read_output(Value& value, JsonKind kind) {
        if (kind != JsonKind::object) return wrong_type("output_config", "an object", kind);
        return json_.members(value, [this](std::string_view key, Value& inner) -> Result<void> {
            if (key == "format") return read_format("output_config.format", inner, TRY(json_.kind(inner)));
            warnings_.add("output_config." + std::string(key.substr(0, 64)), [] {
                return "not supported here, ignored";
            });
            return json_.skip(inner);
        });
    }

    Result<void> read_format(const std::string& path, Value& value, JsonKind kind) {
        if (kind == JsonKind::null) return json_.skip(value);
        if (kind != JsonKind::object) return wrong_type(path, "an object", kind);
        return json_.members(value, [&](std::string_view key, Value& inner) -> Result<void> {
            if (key == "schema") {
                return read_option(
                    json_, limits_, path + ".schema", SchemaOption{&CaptionOptions::schema}, inner,
                    job_.options
                );
            }
            if (key != "type") return json_.skip(inner);
            if (TRY(read_anthropic_word(json_, path + ".type", inner)) == "json_schema") return {};
            return fail(ErrorCode::unsupported, R"(must be "json_schema")", path + ".type");
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
        if (key == "content") return content_.read(turn, turn.path + ".content", value, kind);
        if (key != "role") return json_.skip(value);
        const std::string role = TRY(read_anthropic_word(json_, turn.path + ".role", value));
        if (role == "assistant") turn.speaker = Speaker::assistant;
        if (role == "assistant" || role == "user") return {};
        return fail(ErrorCode::invalid_input, "must be user or assistant", turn.path + ".role");
    }

    JsonReader json_;
    const Limits& limits_;
    AnthropicContent content_;
    AnthropicAsk ask_;
    Job job_;
    Turn system_;
    std::vector<Turn> messages_;
    WarningList warnings_;
};

}  // namespace

Result<AnthropicAsk> read_anthropic(std::string body, const JobId& id, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&]() -> Result<AnthropicAsk> {
        const std::size_t bytes = body.size();
        AnthropicAsk ask = TRY(AnthropicReader(PaddedText(std::move(body)), id, limits).read());
        ask.bytes = bytes;
        return ask;
    }));
}

}  // namespace vignette
