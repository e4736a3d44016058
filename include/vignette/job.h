// A job as it may exist: after wire/ has read it, an illegal job cannot be written down.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct Base64Picture {  // text still to be decoded: the media side does it, not the thread that reads
                        // requests
    SharedText text;
};
struct EncodedPicture {
    Bytes bytes;
};
struct RemotePicture {  // fetched by the media side, through the sealed fetcher
    std::string url;
};
using PictureContent = std::variant<Base64Picture, EncodedPicture, RemotePicture>;

enum class Task { caption, embed, embed_and_caption };

enum class Preset { alt_text, one_sentence, detailed, tags, production, json };
inline constexpr std::array presets{Preset::alt_text, Preset::one_sentence, Preset::detailed,
                                    Preset::tags,     Preset::production,   Preset::json};

// What the client asked for; whatever is not set is the preset's or the bundle's default.
struct CaptionOptions {
    std::optional<std::string> prompt;
    std::optional<Preset> preset;
    std::optional<std::string> schema;       // JSON text of the schema that the caption must fit
    std::optional<std::string> prefix;       // how the caption begins
    std::optional<std::int64_t> max_length;  // new tokens
    std::optional<std::int64_t> min_length;
    std::optional<std::int64_t> num_beams;
    std::optional<std::int64_t> n;  // captions, best first
    std::optional<double> length_penalty;
    std::optional<double> temperature;  // any of these five asks for sampling; temperature 0 for none
    std::optional<std::int64_t> top_k;
    std::optional<double> top_p;
    std::optional<double> min_p;
    std::optional<std::int64_t> seed;
    std::optional<double> repetition_penalty;
    std::optional<std::int64_t> no_repeat_ngram_size;
    std::optional<bool> loop_guard;      // ends a caption that repeats itself; unset: with a preset
    std::vector<std::string> stop;       // the caption ends before the first of them
    std::vector<std::string> bad_words;  // never said
    bool return_tokens = false;
    bool logprobs = false;
    bool operator==(const CaptionOptions&) const = default;
};

enum class VectorFormat { numbers, base64 };  // base64: of little-endian float32

struct Warning {  // something the client should know that did not stop the job
    std::string field;
    std::string message;
    bool operator==(const Warning&) const = default;
};

struct PictureSource {
    std::string field;  // "input.data_url": errors about the picture name it
    PictureContent source;
};

// One thing to describe or to embed: a picture, several that belong together, or a text.
struct Job {
    JobId id;
    Task task = Task::caption;
    bool captions = true;  // false: the words are left out, as if the operator had switched them off
    std::vector<PictureSource> pictures;  // several: one prompt about all of them; none: `text` is embedded
    std::string text;
    bool is_frame = false;  // of a film: by default it is described as production needs it
    bool fast = false;  // a large JPEG may be decoded at a fraction of its size: quicker, not the same pixels
    CaptionOptions options;
    VectorFormat vector_format = VectorFormat::numbers;
    std::vector<Warning> warnings;
    std::string
        model;  // bundle of the words, or of the vector where only that is asked for; empty: the default
    std::string embedder;  // bundle of the vector; empty: the default
};

}  // namespace vignette
