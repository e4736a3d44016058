// The fields that apply to the whole job: its task, its models, the shape of its answer. One per job, one
// thread.
#pragma once

#include <string>
#include <string_view>

#include "vignette/error.h"
#include "vignette/job.h"
#include "wire/json/reader.h"
#include "wire/request/field_reader.h"

namespace vignette {

class TaskFields {
public:
    // `task` is that of a job that names none.
    TaskFields(JsonReader& json, Task task) : json_(json), task_(task) {}

    // Whether the field is one of these.
    static bool knows(Role role);
    Result<void> read(const FieldReader::Member& member, JsonReader::Value& value);

    bool stream() const { return stream_; }
    bool together() const { return together_; }
    bool describes() const { return describes_; }  // the task is to describe frames
    // Sets the task for texts, which can only be embedded; an error if the job asks for another.
    Result<void> settle_for_text(std::string_view text_field);
    const std::string& model() const { return model_; }

    // Sets what all jobs of the request have in common.
    void apply(Job& job) const;

private:
    using Member = FieldReader::Member;
    using Value = JsonReader::Value;

    Result<void> read_task(const Member& member, Value& value);
    Result<void> read_format(const Member& member, Value& value);
    Result<void> read_name(const Member& member, Value& value, std::string& name);

    JsonReader& json_;
    Task task_;
    bool said_ = false;
    bool describes_ = false;
    bool stream_ = false;
    bool together_ = false;
    bool return_embedding_ = false;
    bool fast_ = false;
    bool cache_ = true;
    bool disable_captions_ = false;
    VectorFormat format_ = VectorFormat::numbers;
    std::string model_;
    std::string embedder_;
};

}  // namespace vignette
