#include "caption/prompt_tokens.h"

#include <algorithm>
#include <optional>
#include <string>

#include "text/prompt.h"

namespace vignette {
namespace {

using Tokens = std::vector<TokenId>;

std::unexpected<Error> placeholder_in(std::string_view what) {
    return fail(
        ErrorCode::invalid_input,
        "the " + std::string(what) + " contains the model's picture placeholder; leave it out, it is added"
    );
}

// A stranger's text must not end the turn that it stands in, or begin another.
Result<void> check_special(const Tokenizer& tokenizer, std::string_view what, std::string_view text) {
    const std::optional<std::string> special = TRY(tokenizer.special_in(text));
    if (!special) return {};
    return fail(
        ErrorCode::invalid_input,
        "the " + std::string(what) + " contains " + *special + ", a control token of the model; leave it out"
    );
}

void append(Tokens& to, std::span<const TokenId> tokens) {
    to.insert(to.end(), tokens.begin(), tokens.end());
}

Result<void> check_length(std::string_view what, std::string_view text, const Limits& limits) {
    if (text.size() <= limits.prompt_bytes_max) return {};
    return fail(
        ErrorCode::prompt_too_long, "the " + std::string(what) + " has " + std::to_string(text.size()) +
                                        " bytes and " + std::to_string(limits.prompt_bytes_max) +
                                        " are allowed; shorten it"
    );
}

// Some tokenizers write a blank in front of whatever they read, others only what is there. So the one of
// three ways is taken that reads, after `before`, as a person would write it.
Result<std::string> continuation(
    const Tokenizer& tokenizer, std::span<const TokenId> words, std::string_view prefix
) {
    std::string as_is(prefix);
    const std::string before = TRY(tokenizer.decode(words));
    if (before.empty()) return as_is;
    const bool has_blank = prefix.front() == ' ' || before.back() == ' ' || before.back() == '\n';
    const std::string wanted = before + (has_blank ? "" : " ") + as_is;
    for (const std::string& way : {as_is, " " + as_is, as_is.substr(prefix.front() == ' ' ? 1 : 0)}) {
        Tokens all(words.begin(), words.end());
        append(all, TRY(tokenizer.encode(way, false)));
        if (TRY(tokenizer.decode(all)) == wanted) return way;
    }
    return as_is;
}

}  // namespace

SeenText text_of_pictures(const TextRecipe& recipe, std::size_t pictures) {
    SeenText seen{.text = {}, .token = recipe.image_token, .count = pictures};
    for (std::size_t i = 0; i < pictures; ++i) seen.text += recipe.image_text;
    return seen;
}

SeenText text_of_film(const FilmRecipe& recipe, std::span<const double> seconds) {
    return {
        .text = fill_groups(recipe.text, recipe.group_text, seconds),
        .token = recipe.token,
        .count = seconds.size()
    };
}

Result<Tokens> encode_prompt(
    const Tokenizer& tokenizer, const TextRecipe& recipe, std::string_view prompt, const SeenText& seen,
    const Limits& limits
) {
    TRY(check_length("prompt", prompt, limits));
    const std::string text = fill_template(fill_images(recipe.prompt_template, seen.text), prompt);
    Tokens words = TRY(tokenizer.encode(text, recipe.special_tokens));
    const auto placeholders = static_cast<std::size_t>(std::ranges::count(words, seen.token));
    const std::size_t wanted = recipe.placement == Placement::placeholder ? seen.count : 0;
    if (placeholders > wanted) return placeholder_in("prompt");
    if (placeholders < wanted) {
        return fail(
            ErrorCode::bundle_invalid,
            "the bundle's template has no place for the pictures; \"text.template\" needs {images}, and "
            "\"text.image_text\" the image token"
        );
    }
    TRY(check_special(tokenizer, "prompt", prompt));
    return words;
}

Result<Tokens> encode_prefix(
    const Tokenizer& tokenizer, const TextRecipe& recipe, std::span<const TokenId> words,
    std::string_view prefix
) {
    if (prefix.empty()) return Tokens();
    const std::span<const TokenId> before = recipe.suffix.empty() ? words : std::span<const TokenId>();
    Tokens tokens = TRY(tokenizer.encode(TRY(continuation(tokenizer, before, prefix)), false));
    if (std::ranges::find(tokens, recipe.image_token) != tokens.end()) return placeholder_in("prefix");
    TRY(check_special(tokenizer, "prefix", prefix));
    return tokens;
}

Prompt assemble_prompt(
    const TextRecipe& recipe, std::span<const TokenId> words, TokenId seen, std::span<const int> counts,
    std::span<const TokenId> prefix
) {
    Prompt prompt;
    Tokens& tokens = prompt.tokens;
    const auto add_seen = [&](int count) {
        tokens.insert(tokens.end(), static_cast<std::size_t>(count), seen);
    };
    if (recipe.placement == Placement::before) {
        for (const int count : counts) add_seen(count);
        if (recipe.history == History::text) prompt.history_from = tokens.size();
    }
    append(tokens, recipe.prefix);
    std::size_t next = 0;
    for (const TokenId word : words) {
        if (recipe.placement == Placement::placeholder && word == seen) {
            add_seen(counts[next++]);
        } else {
            tokens.push_back(word);
        }
    }
    if (recipe.history == History::suffix) prompt.history_from = tokens.size();
    append(tokens, recipe.suffix);
    append(tokens, prefix);
    return prompt;
}

Result<std::vector<Tokens>> encode_forbidden(
    const Tokenizer& tokenizer, std::span<const std::string> words, std::span<const TokenId> end
) {
    std::vector<Tokens> forbidden;
    for (const std::string& word : words) {
        for (const std::string& written : {word, " " + word}) {
            Tokens tokens = TRY(tokenizer.encode(written, false));
            // An end token that is spelled out: forbidden, no caption would end.
            const bool ends = tokens.size() == 1 && std::ranges::find(end, tokens.front()) != end.end();
            const bool known = std::ranges::find(forbidden, tokens) != forbidden.end();
            if (!tokens.empty() && !ends && !known) forbidden.push_back(std::move(tokens));
        }
    }
    return forbidden;
}

}  // namespace vignette
