#include "wire/dialects/openai/fields.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "wire/dialects/turns.h"
#include "wire/request/option_reader.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

constexpr std::string_view any_object = R"({"type":"object"})";
constexpr std::string_view no_tools = "a captioner calls no tools; leave it out";

constexpr std::array common_fields{
    ApiField{"model", Use::model},
    ApiField{"stream", Use::stream},
    ApiField{"temperature", Use::option, RealOption{&CaptionOptions::temperature, 0, 2}},
    ApiField{"top_p", Use::option, RealOption{&CaptionOptions::top_p, 0, 1, false}},
    // Our own, as other servers of this API have them, too
    ApiField{"preset", Use::option, PresetOption{&CaptionOptions::preset}},
    ApiField{"top_k", Use::option, WholeOption{&CaptionOptions::top_k}},
    ApiField{"min_p", Use::option, RealOption{&CaptionOptions::min_p, 0, 1}},
    ApiField{"num_beams", Use::option, WholeOption{&CaptionOptions::num_beams}},
    ApiField{"length_penalty", Use::option, RealOption{&CaptionOptions::length_penalty, -10, 10}},
    ApiField{"repetition_penalty", Use::option, RealOption{&CaptionOptions::repetition_penalty, 0.01, 100}},
    ApiField{"no_repeat_ngram_size", Use::option, WholeOption{&CaptionOptions::no_repeat_ngram_size}},
    ApiField{"min_tokens", Use::option, WholeOption{&CaptionOptions::min_length}},
    ApiField{"loop_guard", Use::option, SwitchOption{&CaptionOptions::loop_guard}},
    ApiField{"bad_words", Use::option, ListOption{&CaptionOptions::bad_words, &Limits::bad_words_max}},
    // What changes nothing here
    ApiField{"user", Use::ignored},
    ApiField{"metadata", Use::ignored},
    ApiField{"service_tier", Use::ignored},
    ApiField{"safety_identifier", Use::ignored},
    ApiField{"prompt_cache_key", Use::ignored},
    ApiField{"prompt_cache_retention", Use::ignored},
    ApiField{"prompt_cache_options", Use::ignored},
    ApiField{"parallel_tool_calls", Use::ignored},
    ApiField{"tool_choice", Use::ignored},
    ApiField{"stream_options", Use::ignored},
    // What would be another answer
    ApiField{.name = "tools", .use = Use::refused, .remedy = no_tools},
    ApiField{
        .name = "top_logprobs",
        .use = Use::refused,
        .remedy = "only the chosen tokens' logprobs are known; send \"top_logprobs\": 0"
    },
    ApiField{
        .name = "frequency_penalty",
        .use = Use::refused,
        .remedy = "leave it out; \"repetition_penalty\" is what this server has"
    },
    ApiField{
        .name = "presence_penalty",
        .use = Use::refused,
        .remedy = "leave it out; \"repetition_penalty\" is what this server has"
    },
    ApiField{
        .name = "logit_bias",
        .use = Use::refused,
        .remedy = "leave it out; \"bad_words\" is what this server has"
    },
};

const ApiField* find_in(std::span<const ApiField> fields, std::string_view name) {
    const auto found = std::ranges::find(fields, name, &ApiField::name);
    return found == fields.end() ? nullptr : &*found;
}

// Reads one format object, of which Chat's has another inside.
class FormatReader {
public:
    FormatReader(JsonReader& json, const Limits& limits, std::string path)
        : json_(json), limits_(limits), path_(std::move(path)) {}

    Result<void> read(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::object) return wrong_type(path_, R"(an object such as {"type": "text"})", kind);
        return json_.members(value, [this](std::string_view key, Value& inner) {
            return read_member(key, inner);
        });
    }

    Result<void> apply(CaptionOptions& options) const {
        if (type_ == "text") return {};
        if (type_ == "json_object") {
            options.schema = any_object;
            return {};
        }
        if (type_ == "json_schema") {
            options.schema = schema_.schema.value_or(std::string(any_object));
            return {};
        }
        return fail(
            type_.empty() ? ErrorCode::invalid_input : ErrorCode::unsupported,
            path_ + ".type must be text, json_object or json_schema" +
                (type_.empty() ? "" : ", not \"" + shown(type_) + "\""),
            path_ + ".type"
        );
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        const std::string path = path_ + "." + std::string(key == "type" ? key : "schema");
        if (key == "type") {
            if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
            const SharedText type = TRY(json_.string(value));
            type_ = type.view();
            return {};
        }
        if (key == "schema") {
            const Option schema = SchemaOption{&CaptionOptions::schema};
            return about(path, read_option(json_, limits_, path, schema, value, schema_));
        }
        if (key != "json_schema") return json_.skip(value);  // name, description, strict: it always is
        if (kind != JsonKind::object) return wrong_type(path_ + ".json_schema", "an object", kind);
        return json_.members(value, [this](std::string_view inner, Value& one) -> Result<void> {
            if (inner != "schema") return json_.skip(one);
            return read_member(inner, one);
        });
    }

    JsonReader& json_;
    const Limits& limits_;
    const std::string path_;
    std::string type_;
    CaptionOptions schema_;
};

}  // namespace

ApiFields::ApiFields(JsonReader& json, const Limits& limits, std::span<const ApiField> own)
    : json_(json), limits_(limits), own_(own), warnings_(limits.warnings_max) {}

const ApiField* ApiFields::find(std::string_view key) const {
    const ApiField* found = find_in(own_, key);
    return found != nullptr ? found : find_in(common_fields, key);
}

Result<const ApiField*> ApiFields::read(std::string_view key, Value& value) {
    const ApiField* field = find(key);
    if (field == nullptr) {
        warnings_.add(std::string(shown(key)), [] { return std::string("unknown field, ignored"); });
        TRY(json_.skip(value));
        return nullptr;
    }
    const bool is_own = field >= own_.data() && field < own_.data() + own_.size();
    const auto index = static_cast<std::size_t>(is_own ? field - own_.data() : field - common_fields.data());
    bool seen = seen_[index + (is_own ? 0 : 64)];
    TRY(only_once(seen, key));
    seen_[index + (is_own ? 0 : 64)] = true;
    if (TRY(json_.kind(value)) == JsonKind::null) {
        TRY(json_.skip(value));
        return nullptr;
    }
    if (field->use == Use::own) return field;
    TRY(about(field->name, read_known(*field, value)));
    return nullptr;
}

Result<void> ApiFields::read_known(const ApiField& field, Value& value) {
    switch (field.use) {
        case Use::model: return read_model(value);
        case Use::stream: stream = TRY(read_boolean(json_, field.name, value)); return {};
        case Use::option: return read_option_of(field, value);
        case Use::refused: return refuse_field(json_, field.name, field.remedy, value);
        case Use::own:
        case Use::ignored: break;
    }
    return json_.skip(value);
}

Result<void> ApiFields::read_option_of(const ApiField& field, Value& value) {
    const auto* whole = std::get_if<WholeOption>(&field.option);
    const std::optional<std::int64_t> before = whole != nullptr ? options.*whole->target : std::nullopt;
    TRY(read_option(json_, limits_, field.name, field.option, value, options));
    if (whole == nullptr) return {};
    const std::int64_t number = (options.*whole->target).value();
    if (number < field.least || number > field.most) {
        return fail(
            ErrorCode::invalid_input, std::string(field.name) + " must be from " +
                                          std::to_string(field.least) + " to " + std::to_string(field.most) +
                                          ", not " + std::to_string(number)
        );
    }
    if (before.value_or(number) == number) return {};
    return fail(
        ErrorCode::invalid_input,
        std::string(field.name) + " and its other name say different numbers; send one of them"
    );
}

Result<void> ApiFields::read_model(Value& value) {
    const JsonKind kind = TRY(json_.kind(value));
    if (kind != JsonKind::string) return wrong_type("model", "a string", kind);
    const SharedText name = TRY(json_.string(value));
    TRY(check_name_length("model", name.view()));
    model = name.view();
    if (!model.empty()) return {};
    return fail(
        ErrorCode::model_not_found, "model is empty; name one of those that GET /v1/models lists", "model"
    );
}

Result<void> read_format(
    JsonReader& json, const Limits& limits, const std::string& path, Value& value, CaptionOptions& options
) {
    FormatReader reader(json, limits, path);
    TRY(reader.read(value));
    return reader.apply(options);
}

}  // namespace vignette
