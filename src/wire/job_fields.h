// Every field of a job's input that the product knows, and what this version does with it.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace vignette {

enum class Role {
    picture,
    images,     // a batch: strings or objects
    data_urls,  // a batch: strings
    prompt,
    model,
    max_length,
    min_length,
    num_beams,
    return_tokens,
    task,
    stream,
    later,     // changes what is asked for: without it the answer would be to another question
    only_off,  // as `later`, but false asks for what happens anyway
    ignored,   // tunes the answer: ignoring it is worth a warning, not a failure
};

struct JobField {
    std::string_view name;
    Role role;
};

inline constexpr std::array job_fields{
    JobField{"data_url", Role::picture},
    JobField{"image_base64", Role::picture},
    JobField{"image", Role::picture},
    JobField{"images", Role::images},
    JobField{"data_urls", Role::data_urls},
    JobField{"prompt", Role::prompt},
    JobField{"model", Role::model},
    JobField{"max_length", Role::max_length},
    JobField{"min_length", Role::min_length},
    JobField{"num_beams", Role::num_beams},
    JobField{"return_tokens", Role::return_tokens},
    JobField{"task", Role::task},
    JobField{"stream", Role::stream},
    JobField{"image_url", Role::later},
    JobField{"image_urls", Role::later},
    JobField{"frame_urls", Role::later},
    JobField{"frames", Role::later},
    JobField{"video_url", Role::later},
    JobField{"openai_route", Role::later},
    JobField{"openai_input", Role::later},
    JobField{"return_embedding", Role::only_off},
    JobField{"disable_captions", Role::only_off},
    JobField{"preset", Role::ignored},
    JobField{"temperature", Role::ignored},
    JobField{"top_p", Role::ignored},
    JobField{"top_k", Role::ignored},
    JobField{"seed", Role::ignored},
    JobField{"repetition_penalty", Role::ignored},
    JobField{"no_repeat_ngram_size", Role::ignored},
    JobField{"stop", Role::ignored},
    JobField{"n", Role::ignored},
    JobField{"fps", Role::ignored},
    JobField{"keyframes", Role::ignored},
    JobField{"max_frames", Role::ignored},
};

std::optional<std::size_t> find_job_field(std::string_view name);  // index into job_fields

// `unknown field, ignored; did you mean "prompt"?`
std::string unknown_field_message(std::string_view name);

}  // namespace vignette
