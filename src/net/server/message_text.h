// The bytes of an HTTP/1.1 answer. Pure, for any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "net/server/exchange.h"

namespace vignette {

enum class AfterAnswer { keep, close };

// `length` of the body; nullopt: it comes in chunks, or, with `close`, until the connection ends.
std::string head_text(
    const ServedResponse& response, std::optional<std::size_t> length, bool chunked, AfterAnswer after
);

std::string chunk_text(std::string_view piece);  // of a piece that is not empty
inline constexpr std::string_view last_chunk = "0\r\n\r\n";

}  // namespace vignette
