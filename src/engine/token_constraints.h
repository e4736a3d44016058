// What a sequence must not say: end tokens too early, what it said before, forbidden words, what its filter
// does not allow. Each row has its own history, which moves along when beams are re-ordered. The engine's
// thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/forbidden_words.h"
#include "engine/ngram_rule.h"
#include "engine/rules.h"
#include "vignette/model.h"

namespace vignette {

class TokenConstraints {
public:
    // The filter must outlive it; it may be null. It is called by begin() and follow() only, which
    // come after a step that succeeded: a plan may be made again without it.
    TokenConstraints(
        const DecodingRules& rules, std::span<const TokenId> prompt, TokenFilter* filter, int vocabulary
    );

    // Before the first step. An error is the filter's.
    Result<void> begin();

    // After a step: `chosen` was the best candidate, `next` are the rows that go on.
    Result<void> follow(TokenId chosen, std::span<const NextRow> next);

    // Fills in what the next step must know. Views: valid until the next follow().
    void describe(Choice& wanted) const;

private:
    struct Row {
        std::vector<TokenId> tail;  // as much of the prompt as the rules reach back to, and what was said
        std::vector<TokenId> penalised;  // sorted, each once
        std::vector<TokenId> forbidden;  // in the next step
    };

    bool penalises() const { return penalty_ != 1; }
    bool looks_back() const { return ngrams_ || !words_.only_always(); }
    bool knows(TokenId token) const { return token >= TokenId{0} && token < TokenId{vocabulary_}; }
    std::span<const TokenId> forbidden_now() const;
    Row row_after(std::span<const TokenId> prompt) const;
    void move_rows(std::span<const NextRow> next);
    void add(Row& row, TokenId token) const;
    void forbid(Row& row) const;
    Result<void> ask_filter();
    bool filter_leaves_something();
    void write_rules();

    const int vocabulary_;
    const int min_length_;
    const float penalty_;
    TokenFilter* const filter_;
    ForbiddenWords words_;
    std::optional<NgramRule> ngrams_;
    std::vector<TokenId> forbidden_early_;  // the words of one token, then the end tokens
    std::size_t heard_ = 0;                 // tokens of the prompt that count as said
    std::vector<Row> rows_;
    std::vector<Row> spare_;  // kept for its memory
    int length_ = 0;
    bool overruled_ = false;  // the filter allows only what is forbidden
    std::span<const std::uint32_t> allowed_;
    std::vector<std::uint32_t> left_;  // of allowed_
    std::vector<RowRules> rules_;      // one for each row; none where all rows may say anything
};

}  // namespace vignette
