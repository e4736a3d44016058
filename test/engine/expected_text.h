// What a request must yield, whoever its neighbours are: the naive decoding of it alone.
#pragma once

#include <gtest/gtest.h>

#include "engine/callers.h"
#include "engine/reference_search.h"
#include "engine/seeded_random.h"
#include "fakes/scripted_model.h"

namespace vignette {

inline ReferenceRequest reference_of(const ScriptedModel& model, const TestRequest& request) {
    ReferenceRequest asked{.rules = request.rules, .prompt = request.prompt, .ends_here = request.ends_here};
    asked.next = [&model, request](std::span<const TokenId> said) {
        std::vector<TokenId> history = request.prompt;
        history.insert(history.end(), said.begin(), said.end());
        const std::vector<float> logits = model.logits(request.picture, history);
        return request.rules.num_beams > 1 ? log_softmax(logits) : logits;
    };
    if (request.filter) {
        asked.allowed = [filter = *request.filter](std::span<const TokenId> said) {
            return ScriptedFilter::permitted(filter, said);
        };
    }
    if (request.rules.sampling) {
        asked.draw = [seed = request.rules.sampling->seed](std::size_t place) { return draw(seed, place); };
    }
    return asked;
}

inline std::vector<Decoded> expected_texts(const ScriptedModel& model, const TestRequest& request) {
    return reference_decode(reference_of(model, request));
}

inline Decoded expected_text(const ScriptedModel& model, const TestRequest& request) {
    return expected_texts(model, request).front();
}

inline void expect_text(
    const Result<Generation>& answer, const ScriptedModel& model, const TestRequest& request
) {
    ASSERT_TRUE(answer.has_value()) << answer.error().message;
    const std::vector<Decoded> expected = expected_texts(model, request);
    ASSERT_EQ(answer->decoded.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(answer->decoded[i].tokens, expected[i].tokens);
        EXPECT_EQ(answer->decoded[i].score, expected[i].score);
        EXPECT_EQ(answer->decoded[i].ending, expected[i].ending);
        EXPECT_EQ(answer->decoded[i].logprobs, expected[i].logprobs);
    }
}

}  // namespace vignette
