// Anthropic's Messages API: what its clients ask, and what they read. Pure, for any thread.
// docs/api/anthropic.md
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "vignette/caption.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/request.h"

namespace vignette {

struct AnthropicAsk {
    std::string model;  // as the client wrote it
    Request request;
    std::size_t bytes = 0;   // of the body
    std::size_t prefix = 0;  // bytes at the beginning of the caption that the client sent itself
};
Result<AnthropicAsk> read_anthropic(std::string body, const JobId& id, const Limits& limits);

struct AnthropicReply {
    std::string id;  // "msg_..."
    std::string model;
};
std::string format_anthropic(const AnthropicReply& reply, std::string_view text, const Caption& caption);

// The events of a stream, as text: the beginning, any number of pieces, the end.
std::string anthropic_begin(const AnthropicReply& reply);
std::string anthropic_piece(std::string_view piece);
std::string anthropic_end(const Caption& caption);
std::string anthropic_failure(const Error& error);

// With its clients' names of our fields.
Error anthropic_error(Error error);

}  // namespace vignette
