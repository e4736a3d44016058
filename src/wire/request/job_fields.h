// Every known field of a job's input, and what this version does with it.
#pragma once

#include <array>
#include <bitset>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "wire/request/option_fields.h"

namespace vignette {

enum class Role {
    picture,
    picture_url,  // an address only
    images,       // a batch: strings or objects
    data_urls,    // a batch: strings
    image_urls,   // a batch: addresses
    model,
    option,      // an option of the caption
    frames,      // a batch whose answer is a list of descriptions
    frame_urls,  // the same: addresses
    fast,
    cache,
    text,
    texts,  // a batch: strings
    task,
    stream,
    together,
    embedder,
    vector_format,
    return_embedding,
    disable_captions,
    film,
    timestamps,
    fps,
    keyframes,
    max_frames,
    window,
    keep_duplicates,
    foreign_route,  // the job is a request to another API: to which of its addresses,
    foreign_body,   // and what was sent there
};

struct JobField {
    std::string_view name;
    Role role;
    Option option = {};
};

inline constexpr std::array job_fields{
    JobField{"data_url", Role::picture},
    JobField{"image_base64", Role::picture},
    JobField{"image", Role::picture},
    JobField{"image_url", Role::picture_url},
    JobField{"images", Role::images},
    JobField{"data_urls", Role::data_urls},
    JobField{"image_urls", Role::image_urls},
    JobField{"prompt", Role::option, TextOption{&CaptionOptions::prompt}},
    JobField{"model", Role::model},
    JobField{"preset", Role::option, PresetOption{&CaptionOptions::preset}},
    JobField{"schema", Role::option, SchemaOption{&CaptionOptions::schema}},
    JobField{"prefix", Role::option, TextOption{&CaptionOptions::prefix}},
    JobField{"max_length", Role::option, WholeOption{&CaptionOptions::max_length}},
    JobField{"max_new_tokens", Role::option, WholeOption{&CaptionOptions::max_length}},
    JobField{"max_tokens", Role::option, WholeOption{&CaptionOptions::max_length}},
    JobField{"min_length", Role::option, WholeOption{&CaptionOptions::min_length}},
    JobField{"num_beams", Role::option, WholeOption{&CaptionOptions::num_beams}},
    JobField{"n", Role::option, WholeOption{&CaptionOptions::n}},
    JobField{"length_penalty", Role::option, RealOption{&CaptionOptions::length_penalty, -10, 10}},
    JobField{"temperature", Role::option, RealOption{&CaptionOptions::temperature, 0, 100}},
    JobField{"top_k", Role::option, WholeOption{&CaptionOptions::top_k}},
    JobField{"top_p", Role::option, RealOption{&CaptionOptions::top_p, 0, 1, false}},
    JobField{"min_p", Role::option, RealOption{&CaptionOptions::min_p, 0, 1}},
    JobField{"seed", Role::option, WholeOption{&CaptionOptions::seed}},
    JobField{"repetition_penalty", Role::option, RealOption{&CaptionOptions::repetition_penalty, 0.01, 100}},
    JobField{"no_repeat_ngram_size", Role::option, WholeOption{&CaptionOptions::no_repeat_ngram_size}},
    JobField{"loop_guard", Role::option, SwitchOption{&CaptionOptions::loop_guard}},
    JobField{"picture_tokens", Role::option, WholeOption{&CaptionOptions::picture_tokens}},
    JobField{"stop", Role::option, ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    JobField{"stop_sequences", Role::option, ListOption{&CaptionOptions::stop, &Limits::stops_max}},
    JobField{"bad_words", Role::option, ListOption{&CaptionOptions::bad_words, &Limits::bad_words_max}},
    JobField{"return_tokens", Role::option, FlagOption{&CaptionOptions::return_tokens}},
    JobField{"logprobs", Role::option, FlagOption{&CaptionOptions::logprobs}},
    JobField{"task", Role::task},
    JobField{"stream", Role::stream},
    JobField{"frames", Role::frames},
    JobField{"frame_urls", Role::frame_urls},
    JobField{"fast", Role::fast},
    JobField{"cache", Role::cache},
    JobField{"text", Role::text},
    JobField{"texts", Role::texts},
    JobField{"together", Role::together},
    JobField{"embedding_model", Role::embedder},
    JobField{"embedding_format", Role::vector_format},
    JobField{"return_embedding", Role::return_embedding},
    JobField{"disable_captions", Role::disable_captions},
    JobField{"video", Role::film},
    JobField{"video_url", Role::film},
    JobField{"timestamps", Role::timestamps},
    JobField{"fps", Role::fps},
    JobField{"keyframes", Role::keyframes},
    JobField{"max_frames", Role::max_frames},
    JobField{"window", Role::window},
    JobField{"keep_duplicates", Role::keep_duplicates},
    JobField{"openai_route", Role::foreign_route},
    JobField{"openai_input", Role::foreign_body},
};

std::optional<std::size_t> find_job_field(std::string_view name);  // index into job_fields

using JobFieldSet = std::bitset<job_fields.size()>;

// The field of `set` that is another name for the option at `index`, if any.
std::optional<std::size_t> find_synonym(const JobFieldSet& set, std::size_t index);

// `unknown field, ignored; did you mean "prompt"?`
std::string unknown_field_message(std::string_view name);

}  // namespace vignette
