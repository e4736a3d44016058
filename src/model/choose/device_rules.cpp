#include "model/choose/device_rules.h"

#include <ATen/ops/where.h>

#include <vector>

#include "model/choose/shared.h"
#include "model/sent.h"

namespace vignette {
namespace {

// The rules of all rows, with places in the rows laid end to end.
class RulesOfAll {
public:
    explicit RulesOfAll(std::int64_t vocabulary) : vocabulary_(vocabulary) {}

    void add(const Choice& choice) {
        for (int row = 0; row < choice.rows; ++row, ++row_) {
            forbid(choice.forbidden);
            if (choice.rules.empty()) continue;
            const RowRules& rules = choice.rules[static_cast<std::size_t>(row)];
            forbid(rules.forbidden);
            if (choice.repetition_penalty != 1) penalise(rules.penalised, choice.repetition_penalty);
            if (!rules.allowed.empty()) allow_only(rules.allowed);
        }
    }

    void apply(const at::Tensor& rows) const {
        const at::Tensor flat = rows.view(-1);
        if (!penalised_.empty()) {
            const at::Tensor places = sent_all(penalised_, rows.device());
            const at::Tensor penalties = sent_all(penalties_, rows.device());
            const at::Tensor now = flat.index_select(0, places);
            flat.index_copy_(0, places, at::where(now.lt(0), now.mul(penalties), now.div(penalties)));
        }
        if (!forbidden_.empty()) flat.index_fill_(0, sent_all(forbidden_, rows.device()), minus_infinity);
        if (!masked_.empty()) deny(rows);
    }

private:
    template <class T>
    static at::Tensor sent_all(const std::vector<T>& numbers, const at::Device& device) {
        return sent<T>(numbers, {static_cast<std::int64_t>(numbers.size())}, device);
    }

    void forbid(std::span<const TokenId> tokens) {
        for (const TokenId token : tokens) forbidden_.push_back(row_ * vocabulary_ + index_of(token));
    }

    void penalise(std::span<const TokenId> tokens, float penalty) {
        for (const TokenId token : tokens) penalised_.push_back(row_ * vocabulary_ + index_of(token));
        penalties_.resize(penalised_.size(), penalty);
    }

    void allow_only(std::span<const std::uint32_t> allowed) {
        masked_.push_back(row_);
        for (std::size_t token = 0; token < static_cast<std::size_t>(vocabulary_); ++token) {
            const bool known = token / 32 < allowed.size();
            denied_.push_back(!known || (allowed[token / 32] >> (token % 32) & 1U) == 0 ? 1 : 0);
        }
    }

    void deny(const at::Tensor& rows) const {
        const at::Tensor places = sent_all(masked_, rows.device());
        const auto count = static_cast<std::int64_t>(masked_.size());
        const at::Tensor denied = sent<std::uint8_t>(denied_, {count, vocabulary_}, rows.device());
        const at::Tensor masked = rows.index_select(0, places);
        rows.index_copy_(0, places, masked.masked_fill_(denied.view(at::kBool), minus_infinity));
    }

    const std::int64_t vocabulary_;
    std::int64_t row_ = 0;
    std::vector<std::int64_t> penalised_;
    std::vector<float> penalties_;
    std::vector<std::int64_t> forbidden_;
    std::vector<std::int64_t> masked_;  // rows
    std::vector<std::uint8_t> denied_;  // a byte for each token of each of them
};

}  // namespace

void apply_rules(const at::Tensor& rows, std::span<const Choice> choices) {
    RulesOfAll rules(rows.size(1));
    for (const Choice& choice : choices) rules.add(choice);
    rules.apply(rows);
}

}  // namespace vignette
