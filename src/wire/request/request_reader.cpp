#include "wire/request/request_reader.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/request/batch_reader.h"
#include "wire/request/field_checks.h"
#include "wire/request/field_reader.h"
#include "wire/request/film_fields.h"
#include "wire/request/job_fields.h"
#include "wire/request/task_fields.h"
#include "wire/strings.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

bool is_list(Role role) {
    return role == Role::images || role == Role::data_urls || role == Role::image_urls ||
           role == Role::frames || role == Role::frame_urls || role == Role::texts;
}

class RequestReader {
public:
    RequestReader(const PaddedText& text, const Limits& limits, const RequestForm& form)
        : json_(text, limits.json_depth_max),
          limits_(limits),
          form_(form),
          fields_(json_, limits, "input"),
          task_(json_, form.task),
          film_(json_, limits) {}

    Result<Request> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_envelope(key, value); }));
        is_foreign_ = foreign_.has_value();
        if (is_foreign_) return fail(ErrorCode::unsupported, "this is a request to another API", "input");
        TRY(require_pictures());
        return finish();
    }

    std::optional<JobId> id() const { return id_; }
    std::optional<ForeignRequest> foreign() const { return is_foreign_ ? foreign_ : std::nullopt; }
    // An "input" came after fields that were taken for the job's: nothing that was read counts.
    bool was_misread() const { return has_bare_ && seen_input_; }

private:
    Result<void> read_envelope(std::string_view key, Value& value) {
        if (key == "input") return about("input", read_input(value));
        if (key == "id") return about("id", read_id(value));
        if (form_.may_be_bare && !seen_input_) {
            has_bare_ = true;
            return read_member(key, value);
        }
        if (stray_.empty() && find_job_field(key)) stray_ = key;
        return json_.skip(value);
    }

    Result<void> read_id(Value& value) {
        TRY(only_once(seen_id_, "id"));
        std::optional<std::string> id = TRY(read_any_id(json_, "id", value));
        if (!id) return {};
        if (form_.id_length == IdLength::bounded) TRY(check_name_length("id", *id));
        id_ = JobId{*std::move(id)};
        return {};
    }

    Result<void> read_input(Value& value) {
        TRY(only_once(seen_input_, "input"));
        if (has_bare_) return fail(ErrorCode::invalid_input, "\"input\" must be the first field", "input");
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
        if (member.role == Role::foreign_route || member.role == Role::foreign_body)
            return read_foreign(member, value);
        if (is_list(member.role)) return read_list(member, value);
        if (member.role == Role::text) return read_text(member, value);
        if (TaskFields::knows(member.role)) return task_.read(member, value);
        if (member.role == Role::film) TRY(nothing_else(member.path));
        if (FilmFields::knows(member.role)) return film_.read(member, value);
        if (member.role == Role::picture || member.role == Role::picture_url) {
            const std::array<const std::string*, 3> others{&batch_field_, &text_field_, &film_.field()};
            for (const std::string* other : others)
                if (!other->empty()) return cannot_be_combined(*other, member.path);
        }
        return fields_.read(member, value);
    }

    Result<void> read_list(const FieldReader::Member& member, Value& value) {
        TRY(nothing_else(member.path));
        frames_ = member.role == Role::frames || member.role == Role::frame_urls;
        texts_ = member.role == Role::texts;
        batch_ = TRY(read_batch(json_, limits_, member, value));
        batch_field_ = member.path;
        return {};
    }

    Result<void> read_text(const FieldReader::Member& member, Value& value) {
        TRY(nothing_else(member.path));
        text_ = TRY(read_text_value(json_, limits_, member.path, value));
        text_field_ = member.path;
        return {};
    }

    Result<void> read_foreign(const FieldReader::Member& member, Value& value) {
        if (!foreign_) foreign_.emplace();
        if (member.role == Role::foreign_body) {
            if (member.kind != JsonKind::object) return wrong_type(member.path, "an object", member.kind);
            foreign_->body = TRY(json_.raw(value));
            return {};
        }
        if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
        const SharedText route = TRY(json_.string(value));
        foreign_->route = route.view();
        return {};
    }

    // A job is about one thing, or about one list of things.
    Result<void> nothing_else(std::string_view path) const {
        for (const std::string* other :
             {&batch_field_, &fields_.image_field(), &text_field_, &film_.field()}) {
            if (!other->empty()) return cannot_be_combined(*other, path);
        }
        return {};
    }

    Result<void> require_pictures() const {
        if (!batch_field_.empty() || !text_field_.empty() || !film_.field().empty()) return {};
        if (has_input_ || stray_.empty()) return fields_.require_picture();
        return fail(
            ErrorCode::invalid_input,
            std::string(stray_) + R"( is outside "input"; put the fields inside it: {"input": {")" +
                std::string(stray_) + R"(": ...}})",
            "input"
        );
    }

    Result<Request> finish() {
        if (texts_ || !text_field_.empty()) TRY(task_.settle_for_text(texts_ ? batch_field_ : text_field_));
        PictureFields of_job = fields_.finish();
        Request request{.id = id_or_local(), .items = {}, .shape = shape(), .stream = task_.stream()};
        if (!film_.field().empty()) {
            request.film = TRY(film_of(std::move(of_job)));
            return request;
        }
        film_.warn(of_job.warnings);
        if (batch_field_.empty()) {
            const PictureFields none;
            of_job.text = std::move(text_);
            request.items.push_back({.id = {}, .job = job_of(std::move(of_job), none)});
        } else if (task_.together()) {
            request.items.push_back({.id = {}, .job = TRY(joined(std::move(of_job)))});
        } else {
            request.items = items_of(std::move(of_job));
        }
        return request;
    }

    AnswerShape shape() const {
        if (!film_.field().empty()) {
            const bool has_one_answer = task_.together() && !film_.in_windows();
            return has_one_answer ? AnswerShape::single : AnswerShape::frames;
        }
        if (frames_ || task_.describes()) return AnswerShape::frames;
        return batch_field_.empty() || task_.together() ? AnswerShape::single : AnswerShape::batch;
    }

    Result<Film> film_of(PictureFields of_job) {
        const PictureFields none;
        Job frame_job = job_of(std::move(of_job), none);
        frame_job.pictures.clear();
        Film film = film_.film(std::move(frame_job));
        film.options.together = task_.together() || film_.in_windows();
        return film;
    }

    // One job about all the pictures of the list: an error in one of them fails the job.
    Result<Job> joined(PictureFields of_job) {
        const PictureFields none;
        std::vector<PictureSource> pictures;
        for (BatchItem& item : batch_) {
            PictureFields own = TRY(std::move(item.fields));
            if (own.options != CaptionOptions{} || own.text || texts_) {
                return fail(
                    ErrorCode::invalid_input,
                    "with \"together\" each item must be a picture and nothing else; move its options to "
                    "\"input\" itself",
                    "input.together"
                );
            }
            pictures.push_back({.field = std::move(own.image_field), .source = std::move(own.image)});
        }
        Job job = job_of(std::move(of_job), none);
        job.pictures = std::move(pictures);
        return job;
    }

    std::vector<Item> items_of(PictureFields of_job) {
        std::vector<Item> items;
        items.reserve(batch_.size());
        for (BatchItem& read : batch_) {
            Item item{.id = std::move(read.id), .job = {}};
            if (read.fields) {
                prepend(
                    std::exchange(of_job.warnings, {}), read.fields->warnings
                );  // reported once, with the first item
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
        task_.apply(job);
        job.options = merged(own, of_job);
        job.is_frame = shape() == AnswerShape::frames;
        if (own.text) {
            job.text = *std::move(own.text);
        } else {
            job.pictures.push_back({.field = std::move(own.image_field), .source = std::move(own.image)});
        }
        job.warnings = std::move(own.warnings);
        return job;
    }

    JobId id_or_local() const { return id_.value_or(JobId{"local"}); }

    JsonReader json_;
    const Limits& limits_;
    const RequestForm form_;
    FieldReader fields_;
    std::vector<BatchItem> batch_;
    std::string batch_field_;  // empty: one picture
    TaskFields task_;
    FilmFields film_;
    bool frames_ = false;
    bool texts_ = false;
    std::optional<std::string> text_;
    std::string text_field_;
    std::optional<JobId> id_;
    bool seen_id_ = false;
    bool seen_input_ = false;
    bool has_input_ = false;
    bool has_bare_ = false;  // fields of the job outside an input
    std::optional<ForeignRequest> foreign_;
    bool is_foreign_ = false;  // all of the text was read, and nothing is wrong with it
    std::string_view stray_;   // a field of the input that was found outside it
};

}  // namespace

ReadRequest read_request(const PaddedText& text, const Limits& limits, const RequestForm& form) {
    const std::size_t bytes = text.view().size();
    if (bytes > limits.body_bytes_max) {
        return {
            .id = std::nullopt,
            .request = fail(
                ErrorCode::too_large, "the job is " + std::to_string(bytes) + " bytes long; send at most " +
                                          std::to_string(limits.body_bytes_max)
            )
        };
    }
    RequestReader reader(text, limits, form);
    Result<Request> request = reader.read();
    if (reader.was_misread()) {
        RequestForm inside = form;
        inside.may_be_bare = false;
        return read_request(text, limits, inside);
    }
    return {.id = reader.id(), .request = std::move(request), .foreign = reader.foreign()};
}

}  // namespace vignette
