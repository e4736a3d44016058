// What OpenAI's APIs say alike in their answers. Pure, for any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "vignette/answer.h"
#include "vignette/error.h"
#include "wire/answer/result_parts.h"

namespace vignette {

// Names of fields, where they are not ours without "input.".
struct OpenAiNames {
    std::string_view question;  // pictures, text and prefix
    std::string_view format;
    std::string_view length;
};

struct OpenAiCall {  // a request as its answer needs it
    std::string id;  // without what kind of thing it is: "chatcmpl-", "resp_"
    std::string model;
    std::string prefix;       // how the answer begins; it is not repeated
    bool with_usage = false;  // at the end of a stream
    std::int64_t created = 0;
};

std::int64_t unix_now();

Error in_openai_words(Error error, const OpenAiNames& names);

// The one caption of an answer; an error if captions are switched off.
Result<const Caption*> caption_of(const Answer& answer);

int completion_tokens(const Caption& caption);
ResultJson logprobs_json(const Caption& caption);  // [{"token": "...", "logprob": -0.1, ...}]

// `warnings`, if there are any, beside what the API itself has.
void add_warnings(ResultJson& json, const std::vector<Warning>& warnings, const OpenAiNames& names);

std::string_view without_prefix(std::string_view text, std::string_view prefix);

// The same for a text that comes in pieces.
class PrefixFilter {
public:
    explicit PrefixFilter(std::string prefix) : prefix_(std::move(prefix)), done_(prefix_.empty()) {}

    std::string pass(std::string_view piece);
    std::string rest();  // what was held back, because it could have been the prefix

private:
    const std::string prefix_;
    std::string held_;
    bool done_;
};

}  // namespace vignette
