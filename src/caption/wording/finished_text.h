// One sequence of tokens as the client gets it. Functions without a state, for any thread.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "caption/wording/caption_stream.h"
#include "engine/rules.h"
#include "text/tokenizer.h"
#include "vignette/caption.h"

namespace vignette {

struct FinishedText {
    std::string text;
    std::optional<std::vector<std::string>> tags;
    FinishReason finish = FinishReason::stop;
    std::string stopped_by;  // the stop string; empty: none
};

Result<FinishedText> finish_text(const Tokenizer& tokenizer, const TextPlan& plan, const Decoded& decoded);

// Empty if there are no tokens.
std::optional<Confidence> confidence_of(std::span<const float> logprobs);

float mean_of(std::span<const float> logprobs);  // 0 of none

// Joined, they are the text of all tokens. A token that is only a part of a character has none: the text
// comes with the one that completes it.
Result<std::vector<std::string>> text_of_each(const Tokenizer& tokenizer, std::span<const TokenId> tokens);

}  // namespace vignette
