#include "model/choose/choose_tokens.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "model/choose/shared.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

Result<void> check_known(std::span<const TokenId> tokens, std::int64_t vocabulary) {
    for (const TokenId token : tokens) {
        if (index_of(token) >= 0 && index_of(token) < vocabulary) continue;
        return fail(
            ErrorCode::internal, "a rule names token " + std::to_string(index_of(token)) +
                                     " and the model does not know it; report this"
        );
    }
    return {};
}

}  // namespace

std::unexpected<Error> not_finite() {
    return fail(
        ErrorCode::model_failed,
        "the model computed something that is not a number; send another picture or prompt, and if it stays, "
        "check the weights"
    );
}

Result<void> check_choices(std::span<const Choice> choices, std::int64_t vocabulary) {
    for (const Choice& choice : choices) {
        ASSERT(choice.rows > 0 && choice.candidates > 0 && (choice.candidates > 1 || choice.rows == 1));
        ASSERT(choice.rules.empty() || choice.rules.size() == static_cast<std::size_t>(choice.rows));
        ASSERT(!choice.sampling || choice.candidates == 1);
        TRY(check_known(choice.forbidden, vocabulary));
        for (const RowRules& rules : choice.rules) {
            TRY(check_known(rules.forbidden, vocabulary));
            TRY(check_known(rules.penalised, vocabulary));
        }
    }
    return {};
}

std::int64_t wanted(const Choice& choice, std::int64_t vocabulary) {
    return std::min<std::int64_t>(choice.candidates, choice.rows * vocabulary);
}

bool credible(float score, const Choice& choice, std::span<const float> row_scores) {
    if (std::isfinite(score)) return true;
    if (score != minus_infinity) return false;
    return !choice.forbidden.empty() || !choice.rules.empty() ||
           std::ranges::find(row_scores, minus_infinity) != row_scores.end();
}

Result<std::vector<Candidate>> to_candidates(
    const Found& found, const Choice& choice, std::span<const float> row_scores, std::int64_t vocabulary
) {
    std::vector<Candidate> best;
    best.reserve(found.indices.size());
    for (std::size_t i = 0; i < found.indices.size(); ++i) {
        if (!credible(found.scores[i], choice, row_scores)) return not_finite();
        best.push_back(
            {.row = static_cast<int>(found.indices[i] / vocabulary),
             .token = token_at(found.indices[i] % vocabulary),
             .score = found.scores[i],
             .logprob = found.logprobs.empty() ? 0 : found.logprobs[i]}
        );
    }
    return best;
}

Result<CandidateLists> choose(
    const at::Tensor& logits, std::span<const float> scores, std::span<const Choice> choices,
    const Meanwhile& meanwhile
) {
    return logits.is_cpu() && !meanwhile ? choose_in_memory(logits, scores, choices)
                                         : choose_on_device(logits, scores, choices, meanwhile);
}

}  // namespace vignette
