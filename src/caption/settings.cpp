#include "caption/settings.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace vignette {
namespace {

struct Range {
    int least;
    int most;
};

int clamp_wish(
    std::string_view field, std::optional<std::int64_t> wish, int otherwise, Range allowed,
    std::vector<Warning>& warnings
) {
    if (!wish) return std::clamp(otherwise, allowed.least, allowed.most);
    const auto granted = static_cast<int>(std::clamp<std::int64_t>(*wish, allowed.least, allowed.most));
    if (granted != *wish) {
        warnings.push_back(
            {.field = std::string("input.") + std::string(field),
             .message = std::to_string(*wish) + " is outside " + std::to_string(allowed.least) + " to " +
                        std::to_string(allowed.most) + "; " + std::to_string(granted) + " was used"}
        );
    }
    return granted;
}

}  // namespace

Settings settle(const CaptionOptions& wishes, const BundleInfo& bundle) {
    const GenerationDefaults& defaults = bundle.generation;
    Settings settings;
    settings.prompt = wishes.prompt.value_or(bundle.text.default_prompt);
    DecodingRules& rules = settings.rules;
    std::vector<Warning>& warnings = settings.warnings;
    rules.max_length = clamp_wish(
        "max_length", wishes.max_length, defaults.max_length, {1, defaults.max_length_limit}, warnings
    );
    rules.min_length =
        clamp_wish("min_length", wishes.min_length, defaults.min_length, {0, rules.max_length}, warnings);
    rules.num_beams = clamp_wish(
        "num_beams", wishes.num_beams, defaults.num_beams, {1, defaults.num_beams_limit}, warnings
    );
    rules.length_penalty = defaults.length_penalty;
    rules.early_stopping = defaults.early_stopping;
    rules.end = bundle.text.end;
    return settings;
}

}  // namespace vignette
