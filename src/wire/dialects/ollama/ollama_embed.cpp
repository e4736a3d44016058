#include <utility>

#include "wire/dialects/ollama/ollama.h"
#include "wire/dialects/ollama/ollama_parts.h"
#include "wire/dialects/turns.h"
#include "wire/request/batch_reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/media.h"

namespace vignette {

std::string_view without_tag(std::string_view model) {
    constexpr std::string_view latest = ":latest";
    if (model.ends_with(latest)) model.remove_suffix(latest.size());
    return model;
}

Result<std::string> read_ollama_name(JsonReader& json, JsonReader::Value& value) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind != JsonKind::string) return wrong_type("model", "a model's name", kind);
    const SharedText name = TRY(json.string(value));
    TRY(check_name_length("model", name.view()));
    return std::string(name.view());
}

Result<void> read_ollama_images(
    JsonReader& json, const Limits& limits, const std::string& path, JsonReader::Value& value,
    std::vector<PictureSource>& pictures
) {
    const JsonKind kind = TRY(json.kind(value));
    if (kind != JsonKind::array) return wrong_type(path, "an array of pictures in base64", kind);
    return json.elements(value, [&](JsonReader::Value& element) -> Result<void> {
        const std::string one = path + "[" + std::to_string(pictures.size()) + "]";
        if (pictures.size() == limits.batch_max) {
            return fail(
                ErrorCode::too_many_images,
                "there are more than " + std::to_string(limits.batch_max) + " pictures; send fewer", path
            );
        }
        const JsonKind inner = TRY(json.kind(element));
        if (inner != JsonKind::string) return wrong_type(one, "a picture in base64", inner);
        const SharedText text = TRY(json.string(element));
        pictures.push_back({.field = one, .source = TRY(read_media(one, text, limits))});
        return {};
    });
}

namespace {

using Value = JsonReader::Value;

class OllamaEmbedReader {
public:
    OllamaEmbedReader(const PaddedText& text, OllamaVectors form, const JobId& id, const Limits& limits)
        : json_(text, limits.json_depth_max), limits_(limits) {
        ask_.form = form;
        ask_.request.id = id;
    }

    Result<OllamaEmbedAsk> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_member(key, value); }));
        const std::string_view input = ask_.form == OllamaVectors::one ? "prompt" : "input";
        if (texts_.empty() && pictures_.empty())
            return fail(ErrorCode::invalid_input, "is missing; send a text", std::string(input));
        for (std::string& text : texts_) {
            Job job;
            job.text = std::move(text);
            add(std::move(job));
        }
        for (PictureSource& picture : pictures_) {
            Job job;
            job.pictures.push_back(std::move(picture));
            add(std::move(job));
        }
        ask_.request.shape = AnswerShape::batch;
        return std::move(ask_);
    }

private:
    Result<void> read_member(std::string_view key, Value& value) {
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return json_.skip(value);
        const bool many = ask_.form == OllamaVectors::many;
        if (key == "model") {
            ask_.model = TRY(read_ollama_name(json_, value));
            return {};
        }
        if (!many && key == "prompt") return add_text_value("prompt", value);
        if (many && key == "input") return read_input(value, kind);
        if (many && key == "images") return read_ollama_images(json_, limits_, "images", value, pictures_);
        if (key == "dimensions")
            return refuse_field(json_, key, "a vector cannot be shortened; leave it out", value);
        if (key == "truncate" && !TRY(read_boolean(json_, key, value)))
            return fail(ErrorCode::unsupported, "send true: texts that are too long are cut", "truncate");
        return json_.skip_unread(value);
    }

    Result<void> read_input(Value& value, JsonKind kind) {
        if (kind != JsonKind::array) return add_text_value("input", value);
        return json_.elements(value, [this](Value& element) {
            return add_text_value("input[" + std::to_string(texts_.size()) + "]", element);
        });
    }

    Result<void> add_text_value(const std::string& path, Value& value) {
        if (texts_.size() == limits_.batch_max) {
            return fail(
                ErrorCode::invalid_input,
                "there are more than " + std::to_string(limits_.batch_max) + " texts; send fewer", "input"
            );
        }
        texts_.push_back(TRY(read_text_value(json_, limits_, path, value)));
        return {};
    }

    void add(Job job) {
        job.id = ask_.request.id;
        job.task = Task::embed;
        job.model = without_tag(ask_.model);
        ask_.request.items.push_back({.id = {}, .job = std::move(job)});
    }

    JsonReader json_;
    const Limits& limits_;
    OllamaEmbedAsk ask_;
    std::vector<std::string> texts_;
    std::vector<PictureSource> pictures_;
};

Result<std::string> read_named_model(std::string body, const Limits& limits) {
    const PaddedText text(std::move(body));
    JsonReader json(text, limits.json_depth_max);
    std::string model;
    TRY(json.read([&](std::string_view key, Value& value) -> Result<void> {
        if (key != "model" && key != "name") return json.skip(value);  // "name": as older clients say
        model = TRY(read_ollama_name(json, value));
        return {};
    }));
    if (model.empty()) return fail(ErrorCode::invalid_input, "is missing; name a model", "model");
    return std::string(without_tag(model));
}

}  // namespace

Result<OllamaEmbedAsk> read_ollama_embed(
    std::string body, OllamaVectors form, const JobId& id, const Limits& limits
) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&]() -> Result<OllamaEmbedAsk> {
        const std::size_t bytes = body.size();
        OllamaEmbedAsk ask = TRY(OllamaEmbedReader(PaddedText(std::move(body)), form, id, limits).read());
        ask.bytes = bytes;
        return ask;
    }));
}

Result<std::string> read_ollama_model(std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return read_named_model(std::move(body), limits); }));
}

}  // namespace vignette
