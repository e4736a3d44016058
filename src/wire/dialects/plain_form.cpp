#include "wire/dialects/plain_form.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "core/ascii.h"
#include "core/utf8.h"
#include "wire/json/reader.h"
#include "wire/multipart.h"
#include "wire/request/job_fields.h"
#include "wire/request/request_reader.h"
#include "wire/request/task_fields.h"
#include "wire/strings.h"

namespace vignette {
namespace {

// What stands for a picture in the JSON that is made of a form, until the file takes its place.
constexpr std::string_view stand_in = "AAAA";

std::string in_quotes(std::string_view text) {
    return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// Whether the text is one JSON value and nothing else: it must not bring fields of its own.
bool is_json_value(std::string_view text, const Limits& limits) {
    JsonReader json(PaddedText(std::string(R"({"value":)").append(text).append("}")), limits.json_depth_max);
    int members = 0;
    const Result<void> read = json.read([&](std::string_view, JsonReader::Value& value) {
        ++members;
        return json.skip(value);
    });
    return read && members == 1;
}

bool takes_text(const JobField& field) {
    if (field.role != Role::option)
        return field.role == Role::task || field.role == Role::model || field.role == Role::embedder ||
               field.role == Role::vector_format;
    return std::holds_alternative<TextOption>(field.option) ||
           std::holds_alternative<PresetOption>(field.option);
}

// A form knows only texts: `40` is a number where a number belongs, and a word where a text does.
std::string json_of(const JobField* field, std::string_view text, const Limits& limits) {
    if (field == nullptr || takes_text(*field)) return in_quotes(text);
    const bool is_list = std::holds_alternative<ListOption>(field->option);
    if (is_list && !trim(text).starts_with('[')) return in_quotes(text);
    return is_json_value(text, limits) ? std::string(text) : in_quotes(text);
}

Result<void> check_option(const FormPart& part, const JobField* field) {
    if (!part.filename.empty()) {
        return fail(
            ErrorCode::invalid_input,
            shown(part.name) + " holds a file; send pictures as files[], once for each", part.name
        );
    }
    if (field != nullptr && field->role != Role::option && !TaskFields::knows(field->role)) {
        return fail(
            ErrorCode::invalid_input,
            shown(part.name) +
                " is not for forms; send pictures as files[], or the job as JSON to "
                "/batch_embed_and_caption",
            part.name
        );
    }
    if (valid_utf8(part.content.view()) == part.content.view()) return {};
    return fail(ErrorCode::invalid_input, shown(part.name) + " is not valid UTF-8", part.name);
}

// The job that the form is, as its JSON text: one list of options, one reader of them.
class FormJob {
public:
    explicit FormJob(const Limits& limits, std::size_t first_index = 0)
        : limits_(limits), first_index_(first_index) {}

    void add(const FormPart& part) { (is_file_field(part.name) ? files_ : options_).push_back(&part); }

    Result<Request> read() {
        ReadRequest made = read_request(PaddedText(TRY(json())), limits_, {.task = Task::embed_and_caption});
        Request request = TRY(std::move(made.request));
        put_files_in_place(request);
        return request;
    }

private:
    Result<std::string> json() const {
        std::string text = R"({"input":{)";
        for (const FormPart* part : options_) {
            const auto index = find_job_field(part->name);
            const JobField* const field = index ? &job_fields[*index] : nullptr;
            TRY(check_option(*part, field));
            if (part->content.view().empty()) continue;  // a field of a page's form that nobody filled in
            text.append(in_quotes(part->name)).append(":");
            text.append(json_of(field, part->content.view(), limits_)).append(",");
        }
        if (files_.empty())
            return fail(
                ErrorCode::missing_image, "the form has no file; send pictures as files[]", "files[]"
            );
        text.append(R"("images":[)");
        for (const FormPart* file : files_) {
            text.append(R"({"id":)").append(in_quotes(file->filename));
            text.append(R"(,"image_base64":")").append(stand_in).append(R"("},)");
        }
        text.back() = ']';
        return text.append("}}");
    }

    void put_files_in_place(Request& request) const {
        std::size_t next = 0;
        for (Item& item : request.items) {
            if (!item.job) {  // its name is too long, say
                ++next;
                continue;
            }
            for (PictureSource& picture : item.job->pictures) {
                const std::string field = "files[" + std::to_string(first_index_ + next) + "]";
                Result<PictureSource> file = picture_of(*files_[next], field, limits_);
                ++next;
                if (file) {
                    picture = *std::move(file);
                } else {
                    item.job = std::unexpected(std::move(file).error());
                    break;
                }
            }
        }
    }

    const Limits& limits_;
    const std::size_t first_index_;
    std::vector<const FormPart*> files_;
    std::vector<const FormPart*> options_;
};

Result<PlainRequest> read_form_job(std::string_view content_type, std::string body, const Limits& limits) {
    const std::size_t bytes = body.size();
    const std::vector<FormPart> parts = TRY(read_multipart(content_type, SharedText(std::move(body))));
    return PlainRequest{.request = TRY(read_form_parts(parts, limits)), .bytes = bytes};
}

}  // namespace

bool is_file_field(std::string_view name) { return name == "files[]" || name == "files" || name == "file"; }

bool is_together(const std::vector<FormPart>& parts) {
    return std::ranges::any_of(parts, [](const FormPart& part) {
        const auto index = find_job_field(part.name);
        return index && job_fields[*index].role == Role::together && part.content.view() != "false";
    });
}

Result<Request> read_form_parts(const std::vector<FormPart>& parts, const Limits& limits) {
    FormJob job(limits);
    for (const FormPart& part : parts) job.add(part);
    return job.read();
}

Result<Request> read_form_file(
    const std::vector<FormPart>& fields, const FormPart& file, std::size_t index, const Limits& limits
) {
    FormJob job(limits, index);
    for (const FormPart& field : fields) job.add(field);
    job.add(file);
    return job.read();
}

Result<PlainRequest> read_plain_form(std::string_view content_type, std::string body, const Limits& limits) {
    return TRY(at_wall(ErrorCode::out_of_memory, [&] {
        return read_form_job(content_type, std::move(body), limits);
    }));
}

}  // namespace vignette
