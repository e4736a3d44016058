#include "wire/request_reader.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/batch_reader.h"
#include "wire/field_checks.h"
#include "wire/field_reader.h"
#include "wire/job_fields.h"
#include "wire/words.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

CaptionOptions merged(const PictureFields& own, const PictureFields& of_job) {
    CaptionOptions options = own.options;
    if (!options.prompt) options.prompt = of_job.options.prompt;
    if (!options.max_length) options.max_length = of_job.options.max_length;
    if (!options.min_length) options.min_length = of_job.options.min_length;
    if (!options.num_beams) options.num_beams = of_job.options.num_beams;
    options.return_tokens = own.return_tokens.value_or(of_job.return_tokens.value_or(false));
    return options;
}

class RequestReader {
public:
    RequestReader(const PaddedText& text, const Limits& limits, IdLength id_length)
        : json_(text, limits.json_depth_max),
          limits_(limits),
          id_length_(id_length),
          fields_(json_, limits, "input") {}

    Result<Request> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_envelope(key, value); }));
        TRY(require_pictures());
        return finish();
    }

    std::optional<JobId> id() const { return id_; }

private:
    Result<void> read_envelope(std::string_view key, Value& value) {
        if (key == "input") return about("input", read_input(value));
        if (key == "id") return about("id", read_id(value));
        if (stray_.empty() && find_job_field(key)) stray_ = key;
        return json_.skip(value);
    }

    Result<void> read_id(Value& value) {
        TRY(only_once(seen_id_, "id"));
        std::optional<std::string> id = TRY(read_any_id(json_, "id", value));
        if (!id) return {};
        if (id_length_ == IdLength::bounded) TRY(check_name_length("id", *id));
        id_ = JobId{*std::move(id)};
        return {};
    }

    Result<void> read_input(Value& value) {
        TRY(only_once(seen_input_, "input"));
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return {};
        if (kind != JsonKind::object)
            return wrong_type("input", R"(an object like {"data_url": "..."})", kind);
        has_input_ = true;
        return json_.members(value, [this](std::string_view key, Value& inner) {
            return read_member(key, inner);
        });
    }

    Result<void> read_member(std::string_view key, Value& value) {
        const auto member = TRY(fields_.open(key, value));
        if (!member) return {};
        return about(member->path, read_known(*member, value));
    }

    Result<void> read_known(const FieldReader::Member& member, Value& value) {
        if (member.role == Role::images || member.role == Role::data_urls) return read_list(member, value);
        if (member.role == Role::model) return read_model(member, value);
        if (member.role == Role::stream) return read_stream(member, value);
        if (member.role == Role::picture && !batch_field_.empty()) {
            return both_hold_pictures(batch_field_, member.path);
        }
        return fields_.read(member, value);
    }

    Result<void> read_list(const FieldReader::Member& member, Value& value) {
        const std::string& other = batch_field_.empty() ? fields_.image_field() : batch_field_;
        if (!other.empty()) return both_hold_pictures(other, member.path);
        batch_ = TRY(read_batch(json_, limits_, member, value));
        batch_field_ = member.path;
        return {};
    }

    Result<void> read_model(const FieldReader::Member& member, Value& value) {
        if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
        const SharedText text = TRY(json_.string(value));
        TRY(check_name_length(member.path, text.view()));
        model_ = text.view();
        return {};
    }

    Result<void> read_stream(const FieldReader::Member& member, Value& value) {
        stream_ = TRY(read_boolean(json_, member.path, value));
        return {};
    }

    Result<void> require_pictures() const {
        if (!batch_field_.empty()) return {};
        if (has_input_ || stray_.empty()) return fields_.require_picture();
        return fail(
            ErrorCode::invalid_input,
            std::string(stray_) + R"( stands outside "input"; wrap the fields in it: {"input": {")" +
                std::string(stray_) + R"(": ...}})",
            "input"
        );
    }

    Request finish() {
        PictureFields of_job = fields_.take();
        Request request{.id = id_or_local(), .items = {}, .batch = !batch_field_.empty(), .stream = stream_};
        if (request.batch) {
            request.items = items_of(std::move(of_job));
        } else {
            const PictureFields none;
            request.items.push_back({.id = {}, .job = job_of(std::move(of_job), none)});
        }
        return request;
    }

    std::vector<Item> items_of(PictureFields of_job) {
        std::vector<Item> items;
        items.reserve(batch_.size());
        for (BatchItem& read : batch_) {
            Item item{.id = std::move(read.id), .job = {}};
            if (read.fields) {
                prepend(std::exchange(of_job.warnings, {}), read.fields->warnings);  // said once
                item.job = job_of(*std::move(read.fields), of_job);
            } else {
                item.job = std::unexpected(std::move(read.fields).error());
            }
            items.push_back(std::move(item));
        }
        return items;
    }

    static void prepend(const std::vector<Warning>& first, std::vector<Warning>& warnings) {
        warnings.insert(warnings.begin(), first.begin(), first.end());
    }

    Job job_of(PictureFields own, const PictureFields& of_job) const {
        Job job;
        job.id = id_or_local();
        job.options = merged(own, of_job);
        job.image_field = std::move(own.image_field);
        job.image = std::move(own.image);
        job.warnings = std::move(own.warnings);
        job.model = model_;
        return job;
    }

    JobId id_or_local() const { return id_.value_or(JobId{"local"}); }

    JsonReader json_;
    const Limits& limits_;
    const IdLength id_length_;
    FieldReader fields_;
    std::vector<BatchItem> batch_;
    std::string batch_field_;  // empty: one picture
    std::string model_;
    bool stream_ = false;
    std::optional<JobId> id_;
    bool seen_id_ = false;
    bool seen_input_ = false;
    bool has_input_ = false;
    std::string_view stray_;  // a field of the input that stands beside it
};

}  // namespace

ReadRequest read_request(const PaddedText& text, const Limits& limits, IdLength id_length) {
    const std::size_t bytes = text.view().size();
    if (bytes > limits.body_bytes_max) {
        return {
            .id = std::nullopt,
            .request = fail(
                ErrorCode::too_large, "the job has " + std::to_string(bytes) + " bytes; send at most " +
                                          std::to_string(limits.body_bytes_max)
            )
        };
    }
    RequestReader reader(text, limits, id_length);
    Result<Request> request = reader.read();
    return {.id = reader.id(), .request = std::move(request)};
}

}  // namespace vignette
