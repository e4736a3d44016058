#include "text/tokenizer.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "text/rust_text.h"

namespace vignette {
namespace {

const std::uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::vector<TokenId> taken(vig_ids ids) {
    std::vector<TokenId> tokens(ids.size);
    std::ranges::transform(std::span(ids.data, ids.size), tokens.begin(), [](std::int32_t id) {
        return TokenId{id};
    });
    vig_ids_free(ids);
    return tokens;
}

std::vector<TokenId> byte_tokens(const Tokenizer& tokenizer) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::vector<TokenId> found;
    for (const char high : digits) {
        for (const char low : digits) {
            const std::string spelled{'<', '0', 'x', high, low, '>'};
            if (const auto id = tokenizer.id_of(spelled)) found.push_back(*id);
        }
    }
    std::ranges::sort(found);
    return found;
}

}  // namespace

void Tokenizer::Free::operator()(vig_tokenizer* handle) const { vig_tokenizer_free(handle); }

Tokenizer::Tokenizer(vig_tokenizer* handle) : handle_(handle), bytes_(byte_tokens(*this)) {}

Result<Tokenizer> Tokenizer::from_json(std::string_view json) {
    vig_tokenizer* handle = nullptr;
    vig_text error{};
    if (vig_tokenizer_load(bytes_of(json), json.size(), &handle, &error) != VIG_OK)
        return fail(ErrorCode::bundle_invalid, "the tokenizer cannot be loaded: " + into_string(error));
    Tokenizer tokenizer(handle);
    TRY(tokenizer.learn_specials());
    return tokenizer;
}

Result<std::vector<TokenId>> Tokenizer::encode(std::string_view text, bool special_tokens) const {
    vig_ids ids{};
    vig_text error{};
    const auto status =
        vig_tokenizer_encode(handle_.get(), bytes_of(text), text.size(), special_tokens, &ids, &error);
    if (status == VIG_BAD_UTF8)
        return fail(ErrorCode::invalid_input, "the text is not UTF-8: " + into_string(error));
    if (status != VIG_OK)
        return fail(ErrorCode::internal, "the text cannot be tokenized: " + into_string(error));
    return taken(ids);
}

// What an unknown character becomes is a special token in some vocabularies, and harmless. Few have
// cuneiform.
Result<void> Tokenizer::learn_specials() {
    vig_ids ids{};
    vig_text error{};
    if (vig_tokenizer_specials(handle_.get(), &ids, &error) != VIG_OK) {
        return fail(
            ErrorCode::bundle_invalid, "the tokenizer's special tokens are unknown: " + into_string(error)
        );
    }
    specials_ = taken(ids);
    const std::vector<TokenId> unknown = encode("\U00012000", false).value_or(std::vector<TokenId>{});
    for (const TokenId token : unknown) std::erase(specials_, token);
    return {};
}

Result<std::optional<std::string>> Tokenizer::special_in(std::string_view text) const {
    for (const TokenId token : TRY(encode(text, false)))
        if (std::ranges::binary_search(specials_, token)) return TRY(decode({&token, 1}, false));
    return std::nullopt;
}

Result<std::string> Tokenizer::decode(std::span<const TokenId> tokens) const { return decode(tokens, true); }

Result<std::string> Tokenizer::decode(std::span<const TokenId> tokens, bool skips_specials) const {
    vig_text text{};
    vig_text error{};
    const auto* ids = reinterpret_cast<const std::int32_t*>(tokens.data());
    if (vig_tokenizer_decode(handle_.get(), ids, tokens.size(), skips_specials, &text, &error) != VIG_OK)
        return fail(ErrorCode::internal, "the tokens cannot be decoded: " + into_string(error));
    return into_string(text);
}

std::optional<TokenId> Tokenizer::id_of(std::string_view token) const {
    const std::int32_t id = vig_tokenizer_id_of(handle_.get(), bytes_of(token), token.size());
    if (id < 0) return std::nullopt;
    return TokenId{id};
}

std::size_t Tokenizer::vocabulary() const { return vig_tokenizer_vocabulary(handle_.get()); }

bool Tokenizer::is_byte(TokenId token) const { return std::ranges::binary_search(bytes_, token); }

}  // namespace vignette
