// A job after wire/ has read it: its types cannot represent an illegal job.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct Base64Picture {  // not yet decoded: the media threads do that, not the thread that reads requests
    SharedText text;
};
struct EncodedPicture {
    Bytes bytes;
};
struct RemotePicture {  // fetched by the media threads, through the Fetcher
    std::string url;
};
using PictureContent = std::variant<Base64Picture, EncodedPicture, RemotePicture>;

enum class Task { caption, embed, embed_and_caption };

enum class Preset { alt_text, one_sentence, detailed, tags, production, json, grounding };
inline constexpr std::array presets{Preset::alt_text,   Preset::one_sentence, Preset::detailed, Preset::tags,
                                    Preset::production, Preset::json,         Preset::grounding};

// What the client asked for. Whatever is not set defaults to the preset's value or the bundle's.
struct CaptionOptions {
    std::optional<std::string> prompt;
    std::optional<Preset> preset;
    std::optional<std::string> schema;       // JSON text of the schema that the caption must match
    std::optional<std::string> prefix;       // the beginning of the caption
    std::optional<std::int64_t> max_length;  // new tokens
    bool fewer_tokens_will_do = false;       // where the model has less room than max_length
    std::optional<std::int64_t> min_length;
    std::optional<std::int64_t> num_beams;
    std::optional<std::int64_t> n;  // captions, best first
    std::optional<double> length_penalty;
    std::optional<double> temperature;  // any of these five requests sampling; temperature 0 turns it off
    std::optional<std::int64_t> top_k;
    std::optional<double> top_p;
    std::optional<double> min_p;
    std::optional<std::int64_t> seed;
    std::optional<double> repetition_penalty;
    std::optional<std::int64_t> no_repeat_ngram_size;
    std::optional<bool> loop_guard;  // ends a caption that repeats itself; unset: on with a preset
    std::optional<std::int64_t> picture_tokens;  // of each picture, or of a whole film, at most
    std::vector<std::string> stop;               // the caption ends before the first occurrence of any
    std::vector<std::string> bad_words;          // never generated
    bool return_tokens = false;
    bool logprobs = false;
    bool operator==(const CaptionOptions&) const = default;
};

enum class VectorFormat { numbers, base64 };  // base64: of little-endian float32

struct Warning {  // something the client should know, though it did not fail the job
    std::string field;
    std::string message;
    bool operator==(const Warning&) const = default;
};

struct PictureSource {
    std::string field;  // "input.data_url"; named in errors about the picture
    PictureContent source;
};

// What was brought before its turn to be worked on.
struct Fetched {
    std::shared_ptr<void> room;  // in memory, for its bytes; given back with the last copy
    std::chrono::microseconds took{};
};

// One thing to describe or embed: a picture, several pictures that belong together, or a text.
struct Job {
    JobId id;
    Task task = Task::caption;
    bool captions = true;                 // false: no caption, as if the operator had turned captions off
    std::vector<PictureSource> pictures;  // several: one prompt about all of them; none: embed `text`
    std::optional<Fetched> fetched;       // their bytes are here; unset: whoever does the job brings them
    std::string text;
    bool is_frame = false;  // of a film: described with the preset `production` by default
    bool is_film = false;   // about several frames of one, together
    bool fast = false;  // a large JPEG may be decoded at a fraction of its size: faster, but different pixels
    CaptionOptions options;
    VectorFormat vector_format = VectorFormat::numbers;
    std::vector<Warning> warnings;
    std::string
        model;  // bundle for the caption, or for the vector if only that is wanted; empty: the default
    std::string embedder;   // bundle for the vector; empty: the default
    bool use_cache = true;  // false: worked out anew, even if the same was asked before
    std::string tenant;     // on whose behalf; answers are not reused across tenants
};

}  // namespace vignette
