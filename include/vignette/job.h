// A job as it may exist: after wire/ has read it, an illegal job cannot be written down.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "vignette/bytes.h"
#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct Base64Image {  // text still to be decoded: the media side does it, not the thread that reads requests
    SharedText text;
    std::string media_type;  // as a data URL declared it, for messages only: the bytes decide
};
struct EncodedImage {
    Bytes bytes;
};
using ImageSource = std::variant<Base64Image, EncodedImage>;

// What the client asked for; whatever is not set is the bundle's default.
struct CaptionOptions {
    std::optional<std::string> prompt;
    std::optional<std::int64_t> max_length;  // new tokens
    std::optional<std::int64_t> min_length;
    std::optional<std::int64_t> num_beams;
    bool return_tokens = false;
    bool operator==(const CaptionOptions&) const = default;
};

struct Warning {  // something the client should know that did not stop the job
    std::string field;
    std::string message;
    bool operator==(const Warning&) const = default;
};

struct Job {  // one picture
    JobId id;
    std::string image_field;  // "input.data_url": errors about the picture name it
    ImageSource image;
    CaptionOptions options;
    std::vector<Warning> warnings;
    std::string model;  // bundle or alias; empty: the default
};

struct Item {        // one picture of a batch: what is wrong with it spoils no other
    std::string id;  // the client's own name for it; may be empty
    Result<Job> job;
};

// What a client asked for in one go.
struct Request {
    JobId id;
    std::vector<Item> items;  // at least one
    bool batch = false;       // answered as a list, be it of one
    bool stream = false;      // pieces and finished items are wanted as they come
};

}  // namespace vignette
