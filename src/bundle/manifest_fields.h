// How the parts of a manifest are read: the questions they share, and one function for each part. Private to
// manifest*.cpp. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bundle/json_view.h"
#include "bundle/manifest.h"
#include "vignette/bundle.h"
#include "vignette/error.h"

namespace vignette {

inline constexpr std::size_t manifest_name_bytes_max = 256;
inline constexpr std::size_t manifest_text_bytes_max = std::size_t{8} * 1024;

Result<int> whole_at(const JsonView& object, std::string_view key, int min, int max);

// A text that must not be empty.
Result<std::string> name_of(const JsonView& value);

// One of the words a field may say.
template <class T>
Result<T> word_at(
    const JsonView& object, std::string_view key, std::initializer_list<std::pair<std::string_view, T>> words
) {
    const JsonView value = TRY(object.at(key));
    const std::string said = TRY(value.text(manifest_name_bytes_max));
    std::string known;
    for (const auto& [word, meaning] : words) {
        if (said == word) return meaning;
        known += (known.empty() ? "" : " or ") + std::string(word);
    }
    return value.refuse("must be " + known);
}

Result<void> read_colours(const JsonView& object, PixelRecipe& recipe);
Result<PixelRecipe> read_pixels(const JsonView& object);
void set_pixels_max(PixelRecipe& recipe, int pixels);  // of recipe `fit`
Result<TextRecipe> read_captioner_text(const JsonView& object, const PixelRecipe& pixels, int positions);
Result<FilmRecipe> read_film(const JsonView& object, const BundleInfo& info);
Result<TextRecipe> read_embedder_text(const JsonView& object);

}  // namespace vignette
