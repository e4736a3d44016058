// What both ways to choose share. Private to choose*.cpp.
#pragma once

#include <limits>
#include <span>
#include <vector>

#include "model/choose/choose_tokens.h"

namespace vignette {

inline constexpr float minus_infinity = -std::numeric_limits<float>::infinity();

inline std::int64_t index_of(TokenId token) { return static_cast<std::int64_t>(std::to_underlying(token)); }
inline TokenId token_at(std::int64_t index) { return TokenId{static_cast<std::int32_t>(index)}; }

std::unexpected<Error> not_finite();

// The engine's promises, and that every token named by a rule exists.
Result<void> check_choices(std::span<const Choice> choices, std::int64_t vocabulary);

// How many candidates there can be.
std::int64_t wanted(const Choice& choice, std::int64_t vocabulary);

// Whether a candidate's score is plausible: minus infinity only if rules, or a row that was already
// impossible, made it so. Any other non-finite number is the model's fault.
bool credible(float score, const Choice& choice, std::span<const float> row_scores);

struct Found {  // best first
    std::vector<float> scores;
    std::vector<std::int64_t> indices;  // into the group's rows, laid end to end
    std::vector<float> logprobs;        // empty unless asked for
};

Result<std::vector<Candidate>> to_candidates(
    const Found& found, const Choice& choice, std::span<const float> row_scores, std::int64_t vocabulary
);

// Where rules left nothing, the one candidate says so by its score.
inline Candidate nothing_allowed() { return {.score = minus_infinity}; }

}  // namespace vignette
