#include <algorithm>
#include <string>
#include <vector>

#include "bundle/manifest_fields.h"
#include "core/enum_text.h"

namespace vignette {
namespace {

constexpr int vocabulary_max = 1 << 24;
constexpr int text_tokens_max = 1 << 16;
constexpr std::size_t ids_max = 64;

Result<TokenId> token_at(const JsonView& object, std::string_view key, int vocabulary) {
    return TokenId{TRY(whole_at(object, key, 0, vocabulary - 1))};
}

Result<std::vector<TokenId>> tokens_at(const JsonView& object, std::string_view key, int vocabulary) {
    const JsonView array = TRY(object.at(key));
    std::vector<TokenId> tokens;
    for (const JsonView& one : TRY(array.items()))
        tokens.push_back(TokenId{static_cast<std::int32_t>(TRY(one.whole(0, vocabulary - 1)))});
    if (tokens.size() > ids_max)
        return array.refuse("must name at most " + std::to_string(ids_max) + " tokens");
    return tokens;
}

Result<void> read_common(const JsonView& object, TextRecipe& recipe) {
    recipe.prompt_template = TRY(TRY(object.at("template")).text(manifest_text_bytes_max));
    recipe.special_tokens = TRY(TRY(object.at("special_tokens")).boolean());
    recipe.vocabulary = TRY(whole_at(object, "vocabulary", 2, vocabulary_max));
    recipe.pad = TRY(token_at(object, "pad", recipe.vocabulary));
    return {};
}

// How many placeholders a picture has: fixed in the manifest, or decided by each picture's size.
Result<int> read_image_tokens(const JsonView& object, const PixelRecipe& pixels, int positions) {
    const bool by_size = pixels.method == PixelMethod::anyres || pixels.method == PixelMethod::fit;
    return whole_at(object, "image_tokens", by_size ? 0 : 1, by_size ? 0 : positions - 1);  // room for a word
}

// A template that does not say where the pictures go would lose them, and one that does would say it
// twice.
Result<void> check_placement(const JsonView& object, const TextRecipe& recipe) {
    const JsonView written = TRY(object.at("template"));
    const bool says_where = recipe.prompt_template.find("{images}") != std::string::npos;
    if (recipe.placement == Placement::placeholder && !says_where)
        return written.refuse("must contain {images}, because placement is placeholder");
    if (recipe.placement == Placement::before && says_where)
        return written.refuse("must not contain {images}, because placement is before");
    return {};
}

// Optional: what this model is best asked for a preset.
Result<void> read_presets(const JsonView& object, TextRecipe& recipe) {
    if (!object.has("presets")) return {};
    const JsonView written = TRY(object.at("presets"));
    for (const auto& [name, prompt] : TRY(written.members())) {
        const auto* known = std::ranges::find(presets, name, [](Preset preset) { return to_text(preset); });
        if (known == presets.end()) return prompt.refuse("is not a preset");
        recipe.presets.push_back({.preset = *known, .prompt = TRY(prompt.text(manifest_text_bytes_max))});
    }
    return {};
}

// Optional: a model that was not taught to tell places has none.
Result<void> read_boxes(const JsonView& object, TextRecipe& recipe) {
    if (!object.has("boxes")) return {};
    recipe.boxes = TRY(word_at<BoxUnit>(
        object, "boxes", {{"pixels", BoxUnit::pixels}, {"thousandths", BoxUnit::thousandths}}
    ));
    return {};
}

}  // namespace

Result<TextRecipe> read_captioner_text(const JsonView& object, const PixelRecipe& pixels, int positions) {
    TextRecipe recipe;
    TRY(read_common(object, recipe));
    recipe.image_text = TRY(TRY(object.at("image_text")).text(manifest_text_bytes_max));
    recipe.default_prompt = TRY(TRY(object.at("default_prompt")).text(manifest_text_bytes_max));
    recipe.placement = TRY(word_at<Placement>(
        object, "placement", {{"before", Placement::before}, {"placeholder", Placement::placeholder}}
    ));
    recipe.history = TRY(word_at<History>(
        object, "history", {{"all", History::all}, {"text", History::text}, {"suffix", History::suffix}}
    ));
    TRY(check_placement(object, recipe));
    TRY(read_presets(object, recipe));
    TRY(read_boxes(object, recipe));
    recipe.image_token = TRY(token_at(object, "image_token", recipe.vocabulary));
    recipe.image_tokens = TRY(read_image_tokens(object, pixels, positions));
    recipe.prefix = TRY(tokens_at(object, "prefix", recipe.vocabulary));
    recipe.suffix = TRY(tokens_at(object, "suffix", recipe.vocabulary));
    recipe.end = TRY(tokens_at(object, "eos", recipe.vocabulary));
    const JsonView ends = TRY(object.at("eos"));
    if (recipe.end.empty() || recipe.end.size() > 16) return ends.refuse("must name from 1 to 16 tokens");
    const JsonView start = TRY(object.at("bos"));  // the tokenizer's business: only checked
    if (!start.is_null()) (void)TRY(start.whole(0, recipe.vocabulary - 1));
    return recipe;
}

Result<TextRecipe> read_embedder_text(const JsonView& object) {
    TextRecipe recipe;
    TRY(read_common(object, recipe));
    recipe.tokens_max = TRY(whole_at(object, "max_tokens", 2, text_tokens_max));
    return recipe;
}

}  // namespace vignette
