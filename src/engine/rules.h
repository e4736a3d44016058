// How one sequence is generated: the rules, and the shape every decoding strategy has.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "vignette/error.h"
#include "vignette/ids.h"

namespace vignette {

struct SamplingRules {
    double temperature = 1;
    int top_k = 50;  // 0: all; 50 is what the reference takes where nothing is said
    double top_p = 1;
    double min_p = 0;
    std::uint64_t seed = 0;
};

struct DecodingRules {
    int max_length = 40;  // new tokens
    int min_length = 0;   // no end token before that many
    int num_beams = 1;
    double length_penalty = 1.0;
    bool early_stopping = false;
    std::vector<TokenId> end{};
    std::optional<SamplingRules> sampling{};  // with one beam only; none: the most likely
    double repetition_penalty = 1.0;
    int no_repeat_ngram = 0;                        // no n tokens twice in the same order; 0: off
    std::size_t history_from = 0;                   // of the prompt: from here on it counts as said
    std::vector<std::vector<TokenId>> forbidden{};  // token sequences that are never said
    bool guards_loops = false;                      // ends a sequence that says the same again and again
    bool logprobs = false;
    int returned = 1;  // how many of the beams, best first
};

// What a sequence may say next, as a grammar has it. One sequence; the engine's thread.
class TokenFilter {
public:
    virtual ~TokenFilter() = default;
    // A bit for each token of the vocabulary, lowest first; valid until the next accept().
    virtual Result<std::span<const std::uint32_t>> allowed() = 0;
    virtual Result<void> accept(TokenId token) = 0;
};

// Whether what was said so far ends the sequence, as a text with a stop string would. The engine's thread.
using EndsHere = std::function<bool(std::span<const TokenId> said)>;

// A row of the next step: it continues row `parent` of the last one with `token`.
struct NextRow {
    int parent = 0;
    TokenId token{};
    float score = 0;
    bool operator==(const NextRow&) const = default;
};

enum class Ending {
    end_token,
    length,     // max_length tokens
    ends_here,  // EndsHere said so
    loop,       // it had begun to repeat itself
};

struct Decoded {
    std::vector<TokenId> tokens{};  // the end token included, if one was reached
    float score = 0;
    Ending ending = Ending::length;
    std::vector<float> logprobs{};  // of each token; empty unless asked for
};

}  // namespace vignette
