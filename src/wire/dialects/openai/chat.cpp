#include "wire/dialects/openai/chat.h"

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "wire/dialects/openai/chat_writer.h"
#include "wire/dialects/openai/fields.h"
#include "wire/dialects/openai/turn_reader.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

constexpr std::int64_t choices_max = 16;  // as many samples as a captioner makes of one question
constexpr Option length = WholeOption{&CaptionOptions::max_length};
constexpr std::string_view only_text = "the answer is text; leave it out";

constexpr std::array chat_fields{
    ApiField{"messages", Use::own},
    ApiField{"max_tokens", Use::option, length, 1},
    ApiField{"max_completion_tokens", Use::option, length, 1},
    ApiField{"n", Use::option, WholeOption{&CaptionOptions::n}, 1, choices_max},
    ApiField{"stop", Use::option, ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    ApiField{"seed", Use::option, WholeOption{&CaptionOptions::seed}},
    ApiField{"logprobs", Use::option, FlagOption{&CaptionOptions::logprobs}},
    ApiField{"response_format", Use::own},
    ApiField{"stream_options", Use::own},
    ApiField{"modalities", Use::own},
    ApiField{.name = "audio", .use = Use::refused, .remedy = only_text},
    ApiField{
        .name = "functions", .use = Use::refused, .remedy = "a captioner calls no functions; leave it out"
    },
    ApiField{
        .name = "web_search_options",
        .use = Use::refused,
        .remedy = "a captioner knows only the picture; leave it out"
    },
    ApiField{"function_call", Use::ignored},
    ApiField{"store", Use::ignored},
    ApiField{"prediction", Use::ignored},
    ApiField{"reasoning_effort", Use::ignored},
    ApiField{"verbosity", Use::ignored},
    ApiField{"moderation", Use::ignored},
};

constexpr PictureHint openai_chat_pictures{
    .field = "messages",
    .example = R"({"type": "image_url", "image_url": {"url": "data:image/jpeg;base64,..."}})"
};

class ChatReader {
public:
    ChatReader(const PaddedText& text, const Limits& limits)
        : json_(text, limits.json_depth_max), limits_(limits), fields_(json_, limits, chat_fields) {}

    Result<Request> read(JobId id) {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        Job job;
        job.id = id;
        job.options = std::move(fields_.options);
        job.model = fields_.model;
        job.warnings = fields_.warnings();
        std::optional<PictureSource> film = TRY(take_film(turns_));
        job.is_film = film.has_value();
        TRY(converse(job, std::move(turns_), openai_chat_pictures, limits_));
        settle_choices(job.options);
        std::string prefix = job.options.prefix.value_or("");
        Request request{.id = id, .items = {}, .film = {}, .stream = fields_.stream};
        if (film) {
            request.film = Film{
                .source = *std::move(film),
                .fetched = {},
                .options = {.together = true},
                .frame_job = std::move(job)
            };
        } else {
            request.items.push_back({.id = {}, .job = std::move(job)});
        }
        request.writer = std::make_shared<ChatWriter>(OpenAiCall{
            .id = std::move(id.value),
            .model = fields_.model.empty() ? "default" : fields_.model,
            .prefix = std::move(prefix),
            .with_usage = with_usage_,
            .created = unix_now(),
        });
        return request;
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const ApiField* field = TRY(fields_.read(key, value));
        if (field == nullptr) return {};
        if (field->name == "messages") return read_messages(value);
        if (field->name == "response_format")
            return read_format(json_, limits_, "response_format", value, fields_.options);
        if (field->name == "modalities") return read_modalities(value);
        return read_stream_options(value);
    }

    Result<void> read_messages(Value& value) {
        turns_ = TRY(read_turns(json_, "messages", value, [this](Turn& turn, Value& message) {
            return read_openai_turn(json_, limits_, turn, message);
        }));
        return {};
    }

    Result<void> read_stream_options(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::object) return wrong_type("stream_options", "an object", kind);
        return json_.members(value, [this](std::string_view key, Value& inner) -> Result<void> {
            if (key != "include_usage") return json_.skip(inner);
            with_usage_ = TRY(read_boolean(json_, "stream_options.include_usage", inner));
            return {};
        });
    }

    Result<void> read_modalities(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::array) return wrong_type("modalities", "an array", kind);
        return json_.elements(value, [this](Value& element) -> Result<void> {
            const JsonKind one = TRY(json_.kind(element));
            if (one != JsonKind::string) return wrong_type("modalities", "an array of strings", one);
            if (TRY(json_.string(element)).view() == "text") return {};
            return fail(
                ErrorCode::unsupported, "modalities is not supported: " + std::string(only_text), "modalities"
            );
        });
    }

    // Several answers are meant to differ: they are drawn, as OpenAI draws them by default.
    static void settle_choices(CaptionOptions& options) {
        if (options.n.value_or(1) > 1 && !options.temperature && !options.num_beams) options.temperature = 1;
    }

    JsonReader json_;
    const Limits& limits_;
    ApiFields fields_;
    std::vector<Turn> turns_;
    bool with_usage_ = false;
};

}  // namespace

Result<Request> read_chat(const PaddedText& text, const Limits& limits, JobId id) {
    return ChatReader(text, limits).read(std::move(id));
}

}  // namespace vignette
