#include "model/graph/decoded_ahead.h"

#include <ATen/ops/index_select.h>

#include <algorithm>
#include <utility>

#include "model/sent.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

bool settled_by_the_most_likely(const Choice& choice) {
    return choice.rows == 1 && choice.candidates == 1 && !choice.sampling;
}

bool same(const DecodeRow& one, const DecodeRow& other) {
    return one.slot == other.slot && one.token == other.token && one.position == other.position &&
           one.prompt == other.prompt;
}

bool rising_from_zero(std::span<const std::int64_t> places) {
    for (std::size_t i = 0; i < places.size(); ++i)
        if (places[i] != static_cast<std::int64_t>(i)) return false;
    return true;
}

}  // namespace

std::vector<DecodeRow> rows_after(const StepPlan& plan, int positions) {
    if (!std::ranges::all_of(plan.choices, settled_by_the_most_likely)) return {};
    std::vector<DecodeRow> rows;
    for (const Admission& one : plan.admissions) {
        const int length = static_cast<int>(one.prompt.size());
        rows.push_back({.slot = one.slot, .position = length, .prompt = length});
    }
    for (DecodeRow row : plan.decode) {
        ++row.position;
        rows.push_back(row);
    }
    const bool all_fit =
        std::ranges::all_of(rows, [&](const DecodeRow& row) { return row.position < positions; });
    return all_fit ? rows : std::vector<DecodeRow>{};
}

void DecodedAhead::keep(std::vector<DecodeRow> rows, at::Tensor logits) {
    rows_ = std::move(rows);
    tokens_known_ = false;
    logits_ = std::move(logits);
}

void DecodedAhead::know(std::span<const std::vector<Candidate>> chosen) {
    if (rows_.empty()) return;
    ASSERT(rows_.size() == chosen.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].token = chosen[i].front().token;
    tokens_known_ = true;
}

// The score of a row is the engine's own matter: no beam is foreseen.
std::optional<at::Tensor> DecodedAhead::take(std::span<const DecodeRow> rows) {
    const std::vector<DecodeRow> known = std::exchange(rows_, {});
    const at::Tensor logits = std::exchange(logits_, {});
    if (known.empty() || rows.empty() || !tokens_known_) return std::nullopt;
    std::vector<std::int64_t> places;
    for (const DecodeRow& row : rows) {
        const auto found = std::ranges::find_if(known, [&](const DecodeRow& one) { return same(one, row); });
        if (found == known.end()) return std::nullopt;
        places.push_back(found - known.begin());
    }
    const auto count = static_cast<std::int64_t>(places.size());
    if (rising_from_zero(places)) return logits.narrow(0, 0, count);
    return logits.index_select(0, sent<std::int64_t>(places, {count}, logits.device()));
}

}  // namespace vignette
