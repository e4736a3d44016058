#include "wire/request/task_fields.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "vignette/invariant.h"
#include "wire/request/field_checks.h"
#include "wire/strings.h"

namespace vignette {

bool TaskFields::knows(Role role) {
    constexpr std::array known{
        Role::task,     Role::model,         Role::stream,           Role::together,
        Role::embedder, Role::vector_format, Role::return_embedding, Role::disable_captions,
        Role::fast,     Role::cache
    };
    return std::ranges::find(known, role) != known.end();
}

Result<void> TaskFields::read(const Member& member, Value& value) {
    const auto read_switch = [&](bool& into) -> Result<void> {
        into = TRY(read_boolean(json_, member.path, value));
        return {};
    };
    if (member.role == Role::task) return read_task(member, value);
    if (member.role == Role::model) return read_name(member, value, model_);
    if (member.role == Role::embedder) return read_name(member, value, embedder_);
    if (member.role == Role::vector_format) return read_format(member, value);
    if (member.role == Role::stream) return read_switch(stream_);
    if (member.role == Role::together) return read_switch(together_);
    if (member.role == Role::fast) return read_switch(fast_);
    if (member.role == Role::cache) return read_switch(cache_);
    if (member.role == Role::return_embedding) return read_switch(return_embedding_);
    if (member.role == Role::disable_captions) return read_switch(disable_captions_);
    panic("a role that is not of the task");
}

Result<void> TaskFields::read_task(const Member& member, Value& value) {
    if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
    const SharedText text = TRY(json_.string(value));
    const std::string_view name = text.view();
    said_ = true;
    describes_ = name == "describe";
    if (name == "caption" || describes_) {
        task_ = Task::caption;
    } else if (name == "embed") {
        task_ = Task::embed;
    } else if (name == "embed_and_caption") {
        task_ = Task::embed_and_caption;
    } else {
        return fail(
            ErrorCode::invalid_input, member.path +
                                          " must be caption, describe, embed or embed_and_caption, not \"" +
                                          shown(name) + "\""
        );
    }
    return {};
}

Result<void> TaskFields::read_format(const Member& member, Value& value) {
    if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
    const SharedText text = TRY(json_.string(value));
    if (text.view() != "float" && text.view() != "base64") {
        return fail(
            ErrorCode::invalid_input,
            member.path + " must be float or base64, not \"" + shown(text.view()) + "\""
        );
    }
    format_ = text.view() == "base64" ? VectorFormat::base64 : VectorFormat::numbers;
    return {};
}

Result<void> TaskFields::read_name(const Member& member, Value& value, std::string& name) {
    if (member.kind != JsonKind::string) return wrong_type(member.path, "a string", member.kind);
    const SharedText text = TRY(json_.string(value));
    TRY(check_name_length(member.path, text.view()));
    name = text.view();
    return {};
}

Result<void> TaskFields::settle_for_text(std::string_view text_field) {
    if (said_ && task_ != Task::embed) {
        return fail(
            ErrorCode::invalid_input,
            std::string(text_field) + " can only be embedded; leave out \"task\" or send \"task\": \"embed\"",
            "input.task"
        );
    }
    task_ = Task::embed;
    return {};
}

void TaskFields::apply(Job& job) const {
    job.task = task_;
    if (return_embedding_ && task_ == Task::caption) job.task = Task::embed_and_caption;
    job.captions = !disable_captions_;
    job.fast = fast_;
    job.use_cache = cache_;
    job.vector_format = format_;
    job.model = model_;
    job.embedder = embedder_;
}

}  // namespace vignette
