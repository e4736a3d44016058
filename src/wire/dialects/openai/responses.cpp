#include "wire/dialects/openai/responses.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "wire/dialects/openai/fields.h"
#include "wire/dialects/openai/responses_writer.h"
#include "wire/dialects/openai/turn_reader.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

constexpr std::string_view nothing_kept = "nothing is kept here; leave it out and send the whole question";

constexpr std::array responses_fields{
    ApiField{"input", Use::own},
    ApiField{"instructions", Use::own},
    ApiField{"text", Use::own},
    ApiField{"include", Use::own},
    ApiField{"max_output_tokens", Use::option, WholeOption{&CaptionOptions::max_length}, 1},
    ApiField{"seed", Use::option, WholeOption{&CaptionOptions::seed}},
    ApiField{"stop", Use::option, ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    ApiField{.name = "store", .use = Use::refused, .remedy = "nothing is kept here; send \"store\": false"},
    ApiField{.name = "previous_response_id", .use = Use::refused, .remedy = nothing_kept},
    ApiField{.name = "conversation", .use = Use::refused, .remedy = nothing_kept},
    ApiField{.name = "prompt", .use = Use::refused, .remedy = nothing_kept},
    ApiField{
        .name = "background",
        .use = Use::refused,
        .remedy = "the answer comes with the request; leave it out, or hand the job in by POST /v2/ID/run"
    },
    ApiField{"reasoning", Use::ignored},
    ApiField{"truncation", Use::ignored},
    ApiField{"max_tool_calls", Use::ignored},
    ApiField{"context_management", Use::ignored},
    ApiField{"moderation", Use::ignored},
    ApiField{"image", Use::ignored},
};

constexpr PictureHint openai_input_pictures{
    .field = "input", .example = R"({"type": "input_image", "image_url": "data:image/jpeg;base64,..."})"
};

class ResponsesReader {
public:
    ResponsesReader(const PaddedText& text, const Limits& limits)
        : json_(text, limits.json_depth_max), limits_(limits), fields_(json_, limits, responses_fields) {}

    Result<Request> read(JobId id) {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        Job job;
        job.id = id;
        job.options = std::move(fields_.options);
        job.model = fields_.model;
        job.warnings = fields_.warnings();
        if (!instructions_.empty()) turns_.push_back({"instructions", Speaker::system, instructions_, {}});
        TRY(converse(job, std::move(turns_), openai_input_pictures, limits_));
        std::string prefix = job.options.prefix.value_or("");
        ResponseEcho echo{
            .instructions = std::move(instructions_),
            .max_output_tokens = job.options.max_length,
            .schema = job.options.schema.value_or("")
        };
        Request request{.id = id, .items = {}, .film = {}, .stream = fields_.stream};
        request.items.push_back({.id = {}, .job = std::move(job)});
        request.writer = std::make_shared<ResponsesWriter>(
            OpenAiCall{
                .id = std::move(id.value),
                .model = fields_.model.empty() ? "default" : fields_.model,
                .prefix = std::move(prefix),
                .created = unix_now(),
            },
            std::move(echo)
        );
        return request;
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const ApiField* field = TRY(fields_.read(key, value));
        if (field == nullptr) return {};
        if (field->name == "text") return read_text(value);
        if (field->name == "include") return read_include(value);
        const JsonKind kind = TRY(json_.kind(value));
        if (field->name == "input") return read_input(value, kind);
        if (kind != JsonKind::string) return wrong_type("instructions", "a string", kind);
        instructions_ = TRY(json_.string(value)).view();
        return {};
    }

    // A question, or a list of messages.
    Result<void> read_input(Value& value, JsonKind kind) {
        if (kind == JsonKind::string) {
            turns_.push_back({"input", Speaker::user, std::string(TRY(json_.string(value)).view()), {}});
            return {};
        }
        turns_ = TRY(read_turns(json_, "input", value, [this](Turn& turn, Value& message) {
            return read_openai_turn(json_, limits_, turn, message);
        }));
        return {};
    }

    Result<void> read_text(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::object) return wrong_type("text", "an object", kind);
        return json_.members(value, [this](std::string_view key, Value& inner) -> Result<void> {
            const bool is_format = key == "format" && TRY(json_.kind(inner)) != JsonKind::null;
            if (!is_format) return json_.skip(inner);
            return read_format(json_, limits_, "text.format", inner, fields_.options);
        });
    }

    // Of what could be included, an answer here has only the logprobs.
    Result<void> read_include(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::array) return wrong_type("include", "an array", kind);
        return json_.elements(value, [this](Value& element) -> Result<void> {
            if (TRY(json_.kind(element)) != JsonKind::string) return json_.skip(element);
            if (TRY(json_.string(element)).view() == "message.output_text.logprobs")
                fields_.options.logprobs = true;
            return {};
        });
    }

    JsonReader json_;
    const Limits& limits_;
    ApiFields fields_;
    std::vector<Turn> turns_;
    std::string instructions_;
};

}  // namespace

Result<Request> read_responses(const PaddedText& text, const Limits& limits, JobId id) {
    return ResponsesReader(text, limits).read(std::move(id));
}

}  // namespace vignette
