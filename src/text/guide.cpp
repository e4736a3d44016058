#include "text/guide.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>

#include "text/rust_text.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int word_bits = 32;

std::unexpected<Error> refuse(vig_status status, vig_text error) {
    std::string why = into_string(error);
    if (status == VIG_PANICKED)
        why = "the grammar library cannot handle it";  // its own text may be pages long
    if (status == VIG_UNSUPPORTED)
        return fail(
            ErrorCode::unsupported, "this model cannot answer in JSON: " + std::move(why) +
                                        "; ask for a plain caption, or take another model"
        );
    return fail(
        ErrorCode::invalid_input,
        "the JSON schema cannot be followed: " + std::move(why) +
            "; correct it, or take a simpler one: types, properties, required, items, enum, and sizes"
    );
}

}  // namespace

void Guide::Free::operator()(vig_guide* handle) const { vig_guide_free(handle); }

Guide::Guide(vig_guide* handle, std::span<const TokenId> end, int vocabulary)
    : handle_(handle),
      end_(end.begin(), end.end()),
      words_((static_cast<std::size_t>(vocabulary) + word_bits - 1) / word_bits),
      vocabulary_(vocabulary) {}

Result<Guide> Guide::from_schema(
    const Tokenizer& tokenizer, std::string_view json_schema, std::span<const TokenId> end, int vocabulary
) {
    ASSERT(vocabulary > 0);
    ASSERT(std::ranges::all_of(end, [&](TokenId id) {
        return static_cast<int>(id) >= 0 && static_cast<int>(id) < vocabulary;
    }));
    vig_guide* handle = nullptr;
    vig_text error{};
    const auto* text = reinterpret_cast<const std::uint8_t*>(json_schema.data());
    const auto status = vig_guide_new(tokenizer.handle_.get(), text, json_schema.size(), &handle, &error);
    if (status != VIG_OK) return refuse(status, error);
    return Guide(handle, end, vocabulary);
}

Result<std::span<const std::uint32_t>> Guide::allowed() {
    if (ended_) {
        std::ranges::fill(words_, 0);
    } else {
        vig_text error{};
        const auto status =
            vig_guide_allowed(handle_.get(), words_.data(), words_.size(), &complete_, &error);
        if (status != VIG_OK) return refuse(status, error);
        const int rest = vocabulary_ % word_bits;
        if (rest != 0) words_.back() &= (std::uint32_t{1} << rest) - 1;
    }
    for (const TokenId id : end_) {  // whatever it says as a text: it is an end and nothing else
        const auto index = static_cast<std::size_t>(id);
        const std::uint32_t bit = std::uint32_t{1} << index % word_bits;
        words_[index / word_bits] =
            complete_ ? words_[index / word_bits] | bit : words_[index / word_bits] & ~bit;
    }
    if (std::ranges::all_of(words_, [](std::uint32_t word) { return word == 0; })) {
        return fail(
            ErrorCode::unsupported,
            "this model cannot answer in JSON: it has no token that can come next; ask for a plain caption, "
            "or "
            "take another model"
        );
    }
    return words_;
}

Result<void> Guide::accept(TokenId token) {
    if (complete_ && std::ranges::find(end_, token) != end_.end()) {
        ended_ = true;
        return {};
    }
    const auto index = static_cast<std::size_t>(token);
    const bool is_allowed =
        index < words_.size() * word_bits && (words_[index / word_bits] >> index % word_bits & 1) != 0;
    if (ended_ || !is_allowed)
        return fail(ErrorCode::internal, "a token that the JSON schema does not allow was chosen");
    vig_text error{};
    const auto status = vig_guide_accept(handle_.get(), static_cast<std::int32_t>(token), &complete_, &error);
    if (status != VIG_OK) return refuse(status, error);
    return {};
}

}  // namespace vignette
