// What a request must yield, whoever its neighbours are: the naive decoding of it alone.
#pragma once

#include <gtest/gtest.h>

#include "engine/callers.h"
#include "engine/reference_search.h"
#include "fakes/scripted_model.h"

namespace vignette {

inline Decoded expected_text(const ScriptedModel& model, const Wish& wish) {
    return reference_decode(wish.rules, [&](std::span<const TokenId> said) {
        std::vector<TokenId> history = wish.prompt;
        history.insert(history.end(), said.begin(), said.end());
        const std::vector<float> logits = model.logits(wish.picture, history);
        return wish.rules.num_beams > 1 ? log_softmax(logits) : logits;
    });
}

inline void expect_text(const Result<Generation>& answer, const ScriptedModel& model, const Wish& wish) {
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    const Decoded expected = expected_text(model, wish);
    EXPECT_EQ(answer->decoded.tokens, expected.tokens);
    EXPECT_EQ(answer->decoded.score, expected.score);
}

}  // namespace vignette
