#include "engine/token_constraints.h"

#include <algorithm>
#include <string>
#include <utility>

#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int bits = 32;

std::size_t word_of(TokenId token) { return static_cast<std::size_t>(token) / bits; }
std::uint32_t bit_of(TokenId token) { return 1U << (static_cast<std::uint32_t>(token) % bits); }

// A token's first time; the rest stays sorted.
void insert_once(std::vector<TokenId>& sorted, TokenId token) {
    const auto place = std::ranges::lower_bound(sorted, token);
    if (place == sorted.end() || *place != token) sorted.insert(place, token);
}

}  // namespace

TokenConstraints::TokenConstraints(
    const DecodingRules& rules, std::span<const TokenId> prompt, TokenFilter* filter, int vocabulary
)
    : vocabulary_(vocabulary),
      min_length_(rules.min_length),
      penalty_(static_cast<float>(rules.repetition_penalty)),
      filter_(filter),
      words_(rules, vocabulary),
      forbidden_early_(words_.always()) {
    forbidden_early_.insert(forbidden_early_.end(), rules.end.begin(), rules.end.end());
    prompt = prompt.subspan(std::min(rules.history_from, prompt.size()));
    if (rules.no_repeat_ngram > 0) ngrams_.emplace(rules.no_repeat_ngram, prompt);
    heard_ = prompt.size();
    if (!penalises() && !looks_back() && filter_ == nullptr) return;
    rows_.push_back(row_after(prompt));
    write_rules();
}

TokenConstraints::Row TokenConstraints::row_after(std::span<const TokenId> prompt) const {
    Row row;
    if (penalises()) {
        std::ranges::copy_if(prompt, std::back_inserter(row.penalised), [this](TokenId token) {
            return knows(token);
        });
        std::ranges::sort(row.penalised);
        const auto rest = std::ranges::unique(row.penalised);
        row.penalised.erase(rest.begin(), rest.end());
    }
    if (looks_back()) {
        const std::size_t reach = std::max(words_.reach(), ngrams_ ? ngrams_->reach() : 0);
        const std::span<const TokenId> tail = prompt.last(std::min(reach, prompt.size()));
        row.tail.assign(tail.begin(), tail.end());
        forbid(row);
    }
    return row;
}

Result<void> TokenConstraints::begin() { return ask_filter(); }

Result<void> TokenConstraints::follow(TokenId chosen, std::span<const NextRow> next) {
    if (filter_ != nullptr) TRY(filter_->accept(chosen));
    ++length_;
    if (rows_.empty() || next.empty()) return {};
    move_rows(next);
    for (std::size_t i = 0; i < next.size(); ++i) add(rows_[i], next[i].token);
    write_rules();
    return ask_filter();
}

void TokenConstraints::move_rows(std::span<const NextRow> next) {
    if (next.size() == 1 && rows_.size() == 1) return;
    spare_.resize(next.size());
    for (std::size_t i = 0; i < next.size(); ++i) spare_[i] = rows_[static_cast<std::size_t>(next[i].parent)];
    std::swap(rows_, spare_);
}

void TokenConstraints::add(Row& row, TokenId token) const {
    if (penalises()) insert_once(row.penalised, token);
    if (!looks_back()) return;
    row.tail.push_back(token);
    forbid(row);
}

void TokenConstraints::forbid(Row& row) const {
    row.forbidden.clear();
    const std::size_t length = heard_ + static_cast<std::size_t>(length_);
    words_.forbid_after(row.tail, length, row.forbidden);
    if (ngrams_) ngrams_->forbid_after(row.tail, row.forbidden);
    std::erase_if(row.forbidden, [this](TokenId token) { return !knows(token); });
}

void TokenConstraints::write_rules() {
    rules_.resize(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        rules_[i] = {.forbidden = rows_[i].forbidden, .penalised = rows_[i].penalised, .allowed = {}};
    }
}

Result<void> TokenConstraints::ask_filter() {
    if (filter_ == nullptr) return {};
    allowed_ = TRY(filter_->allowed());
    if (allowed_.size() != static_cast<std::size_t>((vocabulary_ + bits - 1) / bits)) {
        return fail(
            ErrorCode::internal, "a filter covers " + std::to_string(allowed_.size() * bits) +
                                     " tokens and the model has " + std::to_string(vocabulary_) +
                                     "; report this"
        );
    }
    rules_.front().allowed = allowed_;
    overruled_ = !filter_leaves_something();
    if (overruled_) rules_.front().forbidden = {};
    return {};
}

bool TokenConstraints::filter_leaves_something() {
    left_.assign(allowed_.begin(), allowed_.end());
    for (const TokenId token : forbidden_now()) left_[word_of(token)] &= ~bit_of(token);
    for (const TokenId token : rows_.front().forbidden) left_[word_of(token)] &= ~bit_of(token);
    return std::ranges::any_of(left_, [](std::uint32_t word) { return word != 0; });
}

std::span<const TokenId> TokenConstraints::forbidden_now() const {
    const std::span<const TokenId> all(forbidden_early_);
    return length_ < min_length_ ? all : all.first(words_.always().size());
}

void TokenConstraints::describe(Choice& wanted) const {
    if (!overruled_) wanted.forbidden = forbidden_now();
    wanted.rules = rules_;
    wanted.repetition_penalty = penalty_;
}

}  // namespace vignette
