#include "wire/job_json.h"

#include <bitset>
#include <optional>
#include <string_view>
#include <utility>

#include "vignette/invariant.h"
#include "wire/field_checks.h"
#include "wire/job_fields.h"
#include "wire/json_reader.h"
#include "wire/picture.h"
#include "wire/words.h"

namespace vignette {
namespace {

using Value = JsonReader::Value;

constexpr std::string_view how_to_send =
    R"(send the picture itself, as "data_url": "data:image/jpeg;base64,..." or as "image_base64")";

class JobReader {
public:
    JobReader(std::string body, const Limits& limits)
        : json_(std::move(body), limits.json_depth_max), limits_(limits) {
        job_.id.value = "local";
    }

    Result<Job> read() {
        TRY(json_.read([this](std::string_view key, Value& value) { return read_envelope(key, value); }));
        TRY(require_picture());
        tell_unnamed_fields();
        return std::move(job_);
    }

private:
    Result<void> read_envelope(std::string_view key, Value& value) {
        if (key == "input") return about("input", read_input(value));
        if (key == "id") return about("id", read_id(value));
        if (stray_.empty() && find_job_field(key)) stray_ = key;
        return json_.skip(value);
    }

    Result<void> read_id(Value& value) {
        TRY(only_once(seen_id_, "id"));
        const JsonKind kind = TRY(json_.kind(value));
        if (kind == JsonKind::null) return {};
        if (kind == JsonKind::number) return take_id(json_.token(value));
        if (kind == JsonKind::string) return take_id(TRY(json_.string(value)).view());
        return wrong_type("id", "a string", kind);
    }

    Result<void> take_id(std::string_view id) {
        TRY(check_name_length("id", id));
        if (!id.empty()) job_.id.value = id;
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
        const std::string path = "input." + shown(key);
        const auto index = find_job_field(key);
        if (!index) {
            warn(path, [key] { return unknown_field_message(key); });
            return json_.skip(value);
        }
        bool seen = seen_.test(*index);
        TRY(only_once(seen, path));
        seen_.set(*index);
        const JsonKind kind = TRY(about(path, json_.kind(value)));
        if (kind == JsonKind::null) return {};
        return about(path, read_known({path, job_fields[*index].role, kind}, value));
    }

    struct Member {
        const std::string& path;
        Role role;
        JsonKind kind;
    };

    Result<void> read_known(const Member& member, Value& value) {
        switch (member.role) {
            case Role::picture: return read_image(member, value);
            case Role::prompt: return read_prompt(member, value);
            case Role::model: return read_model(member, value);
            case Role::max_length: return read_whole(member, value, job_.options.max_length);
            case Role::min_length: return read_whole(member, value, job_.options.min_length);
            case Role::num_beams: return read_whole(member, value, job_.options.num_beams);
            case Role::return_tokens: return read_return_tokens(member, value);
            case Role::task: return read_task(member, value);
            case Role::later: return refuse(member);
            case Role::only_off: return read_switch(member, value);
            case Role::ignored:
                warn(member.path, [] { return std::string("this version does not have it; ignored"); });
                return json_.skip(value);
        }
        panic("Role out of range");
    }

    Result<SharedText> read_string(const Member& member, Value& value) {
        if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
        return json_.string(value);
    }

    Result<void> read_image(const Member& member, Value& value) {
        const SharedText text = TRY(read_string(member, value));
        if (!job_.image_field.empty()) {
            return fail(
                ErrorCode::too_many_images,
                job_.image_field + " and " + member.path + " both hold a picture; send one of them"
            );
        }
        Result<Base64Image> image = read_picture(text);
        if (!image) return fail(image.error().code, member.path + " " + image.error().message);
        job_.image = *std::move(image);
        job_.image_field = member.path;
        return {};
    }

    Result<void> read_prompt(const Member& member, Value& value) {
        const SharedText text = TRY(read_string(member, value));
        const std::size_t bytes = text.view().size();
        if (bytes > limits_.prompt_bytes_max) {
            return fail(
                ErrorCode::prompt_too_long, member.path + " has " + std::to_string(bytes) +
                                                " bytes; shorten it to " +
                                                std::to_string(limits_.prompt_bytes_max) + " or fewer"
            );
        }
        job_.options.prompt = std::string(text.view());
        return {};
    }

    Result<void> read_model(const Member& member, Value& value) {
        const SharedText text = TRY(read_string(member, value));
        TRY(check_name_length(member.path, text.view()));
        job_.model = text.view();
        return {};
    }

    Result<void> read_whole(const Member& member, Value& value, std::optional<std::int64_t>& option) {
        if (member.kind == JsonKind::string) return refuse_quoted(member, TRY(json_.string(value)).view());
        if (member.kind != JsonKind::number) return wrong_type(member.path, "a whole number", member.kind);
        const std::string_view token = json_.token(value);
        option = whole_number(token);
        if (option) return {};
        return fail(
            ErrorCode::invalid_input, member.path + " must be a whole number from 0 to " +
                                          std::to_string(whole_number_max) + ", such as 40, not " +
                                          shown(token)
        );
    }

    static Result<void> refuse_quoted(const Member& member, std::string_view text) {
        std::string message = member.path + " must be a whole number, not a string";
        if (const auto number = whole_number(text)) {
            message += ": write " + std::to_string(*number) + " instead of \"" + shown(text) + "\"";
        }
        return fail(ErrorCode::invalid_input, std::move(message));
    }

    Result<void> read_return_tokens(const Member& member, Value& value) {
        if (member.kind != JsonKind::boolean) return wrong_type(member.path, "true or false", member.kind);
        job_.options.return_tokens = json_.token(value) == "true";
        return {};
    }

    Result<void> read_task(const Member& member, Value& value) {
        const SharedText task = TRY(read_string(member, value));
        if (task.view() == "caption") return {};
        return fail(
            ErrorCode::unsupported, member.path + " \"" + shown(task.view()) +
                                        "\" is not in this version; leave it out or send \"caption\""
        );
    }

    Result<void> read_switch(const Member& member, Value& value) {
        if (member.kind != JsonKind::boolean) return wrong_type(member.path, "true or false", member.kind);
        if (json_.token(value) == "false") return {};
        return fail(
            ErrorCode::unsupported, member.path + " is not in this version; leave it out or send false"
        );
    }

    static Result<void> refuse(const Member& member) {
        return fail(
            ErrorCode::unsupported, member.path + " is not in this version; " + std::string(how_to_send)
        );
    }

    Result<void> require_picture() {
        if (!job_.image_field.empty()) return {};
        if (!has_input_ && !stray_.empty()) {
            return fail(
                ErrorCode::invalid_input,
                std::string(stray_) + R"( stands outside "input"; wrap the fields in it: {"input": {")" +
                    std::string(stray_) + R"(": ...}})",
                "input"
            );
        }
        std::string message = "input holds no picture; " + std::string(how_to_send);
        if (!job_.warnings.empty()) {  // the misspelt field may well be the picture
            message += " (" + job_.warnings.front().field + ": " + job_.warnings.front().message + ")";
        }
        return fail(ErrorCode::missing_image, std::move(message), "input");
    }

    // Takes a function, because finding a suggestion costs, and a body may hold a million unknown fields.
    template <class Message>
    void warn(const std::string& path, Message&& message) {
        if (job_.warnings.size() < limits_.warnings_max) {
            job_.warnings.push_back({.field = path, .message = message()});
        } else {
            ++unnamed_;
        }
    }

    void tell_unnamed_fields() {
        if (unnamed_ == 0) return;
        job_.warnings.push_back(
            {.field = "input", .message = "and " + std::to_string(unnamed_) + " more fields that were ignored"
            }
        );
    }

    JsonReader json_;
    const Limits& limits_;
    Job job_;
    std::bitset<job_fields.size()> seen_;
    bool seen_id_ = false;
    bool seen_input_ = false;
    bool has_input_ = false;
    std::string_view stray_;  // a field of the input that stands beside it
    std::size_t unnamed_ = 0;
};

}  // namespace

Result<Job> parse_job(std::string body, const Limits& limits) {
    if (body.size() > limits.body_bytes_max) {
        return fail(
            ErrorCode::too_large, "the job has " + std::to_string(body.size()) + " bytes; send at most " +
                                      std::to_string(limits.body_bytes_max)
        );
    }
    // Only memory can run out here: simdjson is called through its error codes.
    return TRY(at_wall(ErrorCode::out_of_memory, [&] { return JobReader(std::move(body), limits).read(); }));
}

}  // namespace vignette
