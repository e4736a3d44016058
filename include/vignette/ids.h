// Identifiers. Each kind has its own type, so that mixing them up does not compile.
#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace vignette {

struct JobId {
    std::string value;
    auto operator<=>(const JobId&) const = default;
};

enum class SequenceId : std::uint64_t {};
enum class TokenId : std::int32_t {};

// One row of the KV cache: the memory of one beam of one running sequence.
enum class SlotId : std::int32_t {};

}  // namespace vignette
