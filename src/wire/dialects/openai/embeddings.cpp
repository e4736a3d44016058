#include "wire/dialects/openai/embeddings.h"

#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "core/enum_text.h"
#include "vignette/answer.h"
#include "wire/answer/result_parts.h"
#include "wire/dialects/openai/fields.h"
#include "wire/dialects/openai/words.h"
#include "wire/dialects/refusals.h"
#include "wire/request/batch_reader.h"
#include "wire/request/media.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

constexpr OpenAiNames embedding_names{.question = "input", .format = {}, .length = {}};

constexpr std::array embedding_fields{
    ApiField{"input", Use::own},
    ApiField{"encoding_format", Use::own},
    ApiField{"dimensions", Use::own},
    ApiField{"truncate", Use::ignored},
};

class EmbeddingWriter final : public AnswerWriter {
public:
    explicit EmbeddingWriter(std::optional<std::int64_t> dimensions) : dimensions_(dimensions) {}

    // All or nothing, as this API has it.
    Result<std::string> whole(const Answer& answer) override {
        for (const AnsweredItem& item : answer.items) {
            if (!item.outcome) return std::unexpected(item.outcome.error());
            TRY(check(*item.outcome));
        }
        return written([&] { return answer_json(answer); });
    }

    std::string piece(std::string_view) override { return {}; }
    std::string rest(const Answer&) override { return {}; }
    std::string failure(const Error& error) override {
        return format_refusal(Dialect::openai, error, http_status(error.code));
    }
    Error renamed(Error error) const override { return in_openai_words(std::move(error), embedding_names); }

private:
    Result<void> check(const Caption& caption) const {
        if (!caption.embedding) return fail(ErrorCode::internal, "the answer has no vector");
        const std::size_t width = caption.embedding->values.size();
        if (dimensions_.value_or(static_cast<std::int64_t>(width)) == static_cast<std::int64_t>(width))
            return {};
        return fail(
            ErrorCode::unsupported,
            "the vectors of this model have " + std::to_string(width) +
                " dimensions and are not shortened; leave \"dimensions\" out",
            "dimensions"
        );
    }

    static ResultJson answer_json(const Answer& answer) {
        ResultJson list = ResultJson::array();
        std::vector<Warning> warnings;
        int tokens = 0;
        for (const AnsweredItem& item : answer.items) {
            const Caption& made = *item.outcome;
            list.push_back(ResultJson{
                {"object", "embedding"}, {"index", list.size()}, {"embedding", vector_json(*made.embedding)}
            });
            tokens += made.prompt_tokens;
            warnings.insert(warnings.end(), made.warnings.begin(), made.warnings.end());
        }
        ResultJson json{
            {"object", "list"},
            {"data", std::move(list)},
            {"model", answer.items.front().outcome->embedding->model},
            {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}},
        };
        add_warnings(json, warnings, embedding_names);
        return json;
    }

    const std::optional<std::int64_t> dimensions_;
};

class EmbeddingReader {
public:
    EmbeddingReader(const PaddedText& text, const Limits& limits)
        : json_(text, limits.json_depth_max), limits_(limits), fields_(json_, limits, embedding_fields) {}

    Result<Request> read(const JobId& id) {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        if (jobs_.empty()) return fail(ErrorCode::invalid_input, "input is missing or empty", "input");
        if (fields_.stream) return fail(ErrorCode::unsupported, "vectors do not come in pieces", "stream");
        Request request{.id = id, .items = {}, .film = {}, .shape = AnswerShape::batch};
        jobs_.front().warnings = fields_.warnings();
        for (Job& job : jobs_) {
            job.id = id;
            job.task = Task::embed;
            job.model = fields_.model;
            job.vector_format = format_;
            request.items.push_back({.id = {}, .job = std::move(job)});
        }
        request.writer = std::make_shared<EmbeddingWriter>(dimensions_);
        return request;
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const ApiField* field = TRY(fields_.read(key, value));
        if (field == nullptr) return {};
        if (field->name == "input") return about("input", read_input(value));
        if (field->name == "dimensions") return read_dimensions(value);
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::string) return wrong_type("encoding_format", "float or base64", kind);
        const SharedText name = TRY(json_.string(value));
        format_ = name.view() == "base64" ? VectorFormat::base64 : VectorFormat::numbers;
        if (name.view() == "base64" || name.view() == "float") return {};
        return fail(
            ErrorCode::invalid_input,
            "encoding_format must be float or base64, not \"" + shown(name.view()) + "\"", "encoding_format"
        );
    }

    Result<void> read_dimensions(Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::number) return wrong_type("dimensions", "a whole number", kind);
        dimensions_ = whole_number(json_.token(value));
        if (dimensions_.value_or(0) > 0) return {};
        return fail(ErrorCode::invalid_input, "dimensions must be a whole number above 0", "dimensions");
    }

    Result<void> read_input(Value& value) {
        if (TRY(json_.kind(value)) != JsonKind::array) return read_one("input", value);
        return json_.elements(value, [this](Value& element) -> Result<void> {
            if (jobs_.size() == limits_.batch_max) {
                return fail(
                    ErrorCode::too_many_images, "input holds more than " + std::to_string(limits_.batch_max) +
                                                    " elements; send the rest in another request"
                );
            }
            return read_one("input[" + std::to_string(jobs_.size()) + "]", element);
        });
    }

    Result<void> read_one(const std::string& path, Value& value) {
        switch (TRY(json_.kind(value))) {
            case JsonKind::string: return add_string(path, value);
            case JsonKind::object: return read_object(path, value);
            case JsonKind::number:
            case JsonKind::array:
                return fail(
                    ErrorCode::unsupported, path + " is a token, or a list of some; send the text itself",
                    path
                );
            case JsonKind::null:
            case JsonKind::boolean: break;
        }
        return wrong_type(path, R"(a string, or an object such as {"image": "..."})", TRY(json_.kind(value)));
    }

    Result<void> add_string(const std::string& path, Value& value) {
        const bool is_picture = starts_with_scheme(json_.token(value).substr(1), "data:");
        return is_picture ? add_picture(path, value) : add_text(path, value);
    }

    Result<void> read_object(const std::string& path, Value& value) {
        const std::size_t before = jobs_.size();
        TRY(json_.members(value, [&](std::string_view key, Value& inner) -> Result<void> {
            const bool is_picture = key == "image" || key == "image_url";
            if (!is_picture && key != "text") return json_.skip(inner);
            if (jobs_.size() > before) return fail(ErrorCode::invalid_input, path + " is two things", path);
            const std::string inside = path + "." + std::string(key);
            return is_picture ? add_picture(inside, inner) : add_text(inside, inner);
        }));
        if (jobs_.size() > before) return {};
        return fail(ErrorCode::invalid_input, path + " has neither \"image\" nor \"text\"", path);
    }

    Result<void> add_picture(const std::string& path, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind != JsonKind::string) return wrong_type(path, "a string", kind);
        Job job;
        job.pictures.push_back(
            {.field = path, .source = TRY(read_media(path, TRY(json_.string(value)), limits_))}
        );
        jobs_.push_back(std::move(job));
        return {};
    }

    Result<void> add_text(const std::string& path, Value& value) {
        Job job;
        job.text = TRY(read_text_value(json_, limits_, path, value));
        if (job.text.empty()) return fail(ErrorCode::invalid_input, path + " is empty", path);
        jobs_.push_back(std::move(job));
        return {};
    }

    JsonReader json_;
    const Limits& limits_;
    ApiFields fields_;
    std::vector<Job> jobs_;
    VectorFormat format_ = VectorFormat::numbers;
    std::optional<std::int64_t> dimensions_;
};

}  // namespace

Result<Request> read_embeddings(const PaddedText& text, const Limits& limits, const JobId& id) {
    return EmbeddingReader(text, limits).read(id);
}

}  // namespace vignette
