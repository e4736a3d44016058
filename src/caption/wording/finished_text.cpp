#include "caption/wording/finished_text.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "caption/wording/stop_matcher.h"
#include "text/detokenizer.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

FinishReason reason_of(Ending ending) {
    switch (ending) {
        case Ending::end_token:
        case Ending::ends_here: return FinishReason::stop;
        case Ending::length: return FinishReason::length;
        case Ending::loop: return FinishReason::loop;
    }
    panic("Ending out of range");
}

}  // namespace

// The stop string is looked for here as well: the last token that was allowed may have completed it.
Result<FinishedText> finish_text(const Tokenizer& tokenizer, const TextPlan& plan, const Decoded& decoded) {
    std::string said = TRY(text_behind(tokenizer, plan.prefix_tokens, decoded.tokens));
    FinishedText phrase{.text = {}, .tags = {}, .finish = reason_of(decoded.ending), .stopped_by = {}};
    if (const std::size_t end = find_stop(said, plan.stops); end != std::string::npos) {
        const std::string_view rest = std::string_view(said).substr(end);
        const auto stop =
            std::ranges::find_if(plan.stops, [&](const std::string& one) { return rest.starts_with(one); });
        phrase.stopped_by = *stop;
        said.resize(end);
        phrase.finish = FinishReason::stop;
    }
    FormedText made = finished(plan.prefix, said, plan.wording, phrase.finish != FinishReason::stop);
    phrase.text = std::move(made.text);
    phrase.tags = std::move(made.tags);
    return phrase;
}

std::optional<Confidence> confidence_of(std::span<const float> logprobs) {
    if (logprobs.empty()) return std::nullopt;
    Confidence confidence{.mean = 0, .min = 1};
    for (const float logprob : logprobs) {
        const double probability = std::exp(static_cast<double>(logprob));
        confidence.mean += probability / static_cast<double>(logprobs.size());
        confidence.min = std::min(confidence.min, probability);
    }
    return confidence;
}

Result<std::vector<std::string>> text_of_each(const Tokenizer& tokenizer, std::span<const TokenId> tokens) {
    Detokenizer detokenizer(tokenizer);
    std::vector<std::string> texts;
    texts.reserve(tokens.size());
    for (const TokenId token : tokens) texts.push_back(TRY(detokenizer.push(token)));
    const std::string rest = TRY(detokenizer.finish());
    if (!texts.empty()) texts.back() += rest;
    return texts;
}

float mean_of(std::span<const float> logprobs) {
    double sum = 0;
    for (const float logprob : logprobs) sum += logprob;
    return logprobs.empty() ? 0 : static_cast<float>(sum / static_cast<double>(logprobs.size()));
}

}  // namespace vignette
