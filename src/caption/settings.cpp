#include "caption/settings.h"

#include <algorithm>
#include <string_view>

#include "caption/presets.h"
#include "core/enum_text.h"

namespace vignette {
namespace {

struct Range {
    int least;
    int most;
};

constexpr double coldest = 0.01;  // below, float logits would leave the range of floats
constexpr int n_grams_max = 1000;

class Settler {
public:
    Settler(const CaptionOptions& options, const BundleInfo& bundle) : options_(options), bundle_(bundle) {}

    Result<Settings> settle(std::uint64_t fresh_seed) {
        made_.rules.end = bundle_.text.end;
        TRY(settle_preset());
        settle_pictures();
        settle_lengths();
        settle_penalties();
        if (draws()) {
            settle_sampling(fresh_seed);
        } else {
            settle_beams();
        }
        return std::move(made_);
    }

private:
    void warn(std::string_view field, std::string message) {
        made_.warnings.push_back({.field = "input." + std::string(field), .message = std::move(message)});
    }

    int clamp_option(
        std::string_view field, std::optional<std::int64_t> wanted, int otherwise, Range allowed
    ) {
        if (!wanted) return std::clamp(otherwise, allowed.least, allowed.most);
        const auto granted = static_cast<int>(std::clamp<std::int64_t>(*wanted, allowed.least, allowed.most));
        if (granted != *wanted) {
            warn(
                field, std::to_string(*wanted) + " is outside " + std::to_string(allowed.least) + " to " +
                           std::to_string(allowed.most) + "; " + std::to_string(granted) + " was used"
            );
        }
        return granted;
    }

    Result<void> settle_preset() {
        made_.preset = options_.preset;
        if (options_.schema) TRY(settle_schema());
        made_.json = made_.preset == Preset::json || made_.preset == Preset::grounding;
        // JSON cut off at a loop would be invalid; its schema bounds it.
        const bool guarded = made_.preset && !made_.json;
        made_.rules.guards_loops = options_.loop_guard.value_or(guarded);
        made_.prompt = options_.prompt.value_or(bundle_.text.default_prompt);
        if (!made_.preset) return {};

        const PresetPlan& plan = plan_of(*made_.preset);
        const auto own = own_instruction(bundle_, plan.preset);
        if (made_.json && !options_.prefix.value_or("").empty()) {
            return fail(
                ErrorCode::invalid_input, "a schema says how the caption begins; leave the prefix out",
                "input.prefix"
            );
        }
        const bool able = plan.preset != Preset::grounding || bundle_.text.boxes != BoxUnit::none;
        instructed_ = able && (own || follows_instructions(bundle_));
        if (instructed_) {
            made_.wording = plan.wording;
            if (!options_.prompt) made_.prompt = own.value_or(plan.instruction);
            return {};
        }
        const std::string name(to_text(plan.preset));
        if (plan.plainly == Plainly::refused) {
            return fail(
                ErrorCode::unsupported,
                "the preset \"" + name + "\" " + std::string(plan.plain_remark) +
                    "; choose one with \"model\"",
                options_.preset ? "input.preset" : "input.schema"
            );
        }
        made_.wording = plan.plain_wording;
        if (plan.plainly == Plainly::lesser) warn("preset", std::string(plan.plain_remark));
        return {};
    }

    Result<void> settle_schema() {
        if (made_.preset.value_or(Preset::json) != Preset::json) {
            return fail(
                ErrorCode::invalid_input, "a schema belongs to the preset \"json\"; leave one of the two out",
                "input.schema"
            );
        }
        made_.preset = Preset::json;
        return {};
    }

    // What is granted is wish_of()'s and the model's business; here the client is told.
    void settle_pictures() {
        const PixelRecipe& pixels = bundle_.pixels;
        if (!options_.picture_tokens || options_.fewer_tokens_will_do) return;
        if (pixels.method != PixelMethod::fit) {
            warn("picture_tokens", "this model's pictures have as many tokens as they have; ignored");
            return;
        }
        int most = pixels.pixels_max / (pixels.patch * pixels.patch);
        if (bundle_.film) most = std::max(most, bundle_.film->tokens_max);
        clamp_option("picture_tokens", options_.picture_tokens, most, {1, most});
    }

    void settle_lengths() {
        const GenerationDefaults& defaults = bundle_.generation;
        DecodingRules& rules = made_.rules;
        const bool planned = made_.preset && instructed_;
        const int usual = planned ? plan_of(*made_.preset).max_length : defaults.max_length;
        rules.max_length =
            clamp_option("max_length", options_.max_length, usual, {1, defaults.max_length_limit});
        if (made_.json) {  // it ends where the schema says
            if (options_.min_length.value_or(0) > 0)
                warn("min_length", "a schema says when the text ends; ignored");
            return;
        }
        const int least = planned ? 0 : defaults.min_length;
        rules.min_length = clamp_option("min_length", options_.min_length, least, {0, rules.max_length});
    }

    void settle_penalties() {
        DecodingRules& rules = made_.rules;
        rules.length_penalty = options_.length_penalty.value_or(bundle_.generation.length_penalty);
        rules.early_stopping = bundle_.generation.early_stopping;
        rules.repetition_penalty =
            options_.repetition_penalty.value_or(bundle_.generation.repetition_penalty);
        rules.no_repeat_ngram =
            clamp_option("no_repeat_ngram_size", options_.no_repeat_ngram_size, 0, {0, n_grams_max});
        rules.logprobs = options_.logprobs;
    }

    // Temperature 0 is a word for "do not draw", whatever else is said.
    bool draws() const {
        if (options_.temperature) return *options_.temperature > 0;
        return options_.top_k || options_.top_p || options_.min_p || options_.seed;
    }

    void settle_sampling(std::uint64_t fresh_seed) {
        DecodingRules& rules = made_.rules;
        SamplingRules sampling;
        sampling.temperature = options_.temperature.value_or(1);
        if (sampling.temperature < coldest) {
            sampling.temperature = coldest;
            warn("temperature", "lower than 0.01; 0.01 was used: 0 takes the most likely token");
        }
        sampling.top_k = clamp_option(
            "top_k", options_.top_k, std::min(sampling.top_k, bundle_.text.vocabulary),
            {0, bundle_.text.vocabulary}
        );
        sampling.top_p = options_.top_p.value_or(1);
        sampling.min_p = options_.min_p.value_or(0);
        sampling.seed = options_.seed ? static_cast<std::uint64_t>(*options_.seed) : fresh_seed;
        rules.sampling = sampling;
        rules.num_beams = 1;
        if (options_.num_beams.value_or(1) > 1) warn("num_beams", "sampling uses one beam; 1 was used");
        made_.samples = clamp_option("n", options_.n, 1, {1, samples_max});
        rules.logprobs = rules.logprobs || made_.samples > 1;  // their score
    }

    void settle_beams() {
        DecodingRules& rules = made_.rules;
        warn_about_drawing();
        const GenerationDefaults& defaults = bundle_.generation;
        const int most = made_.json ? 1 : defaults.num_beams_limit;
        rules.num_beams = clamp_option("num_beams", options_.num_beams, defaults.num_beams, {1, most});
        rules.returned = clamp_option("n", options_.n, 1, {1, most});
        if (rules.returned <= rules.num_beams) return;
        if (options_.num_beams) {
            warn(
                "num_beams", std::to_string(rules.num_beams) + " is fewer than n; " +
                                 std::to_string(rules.returned) + " was used"
            );
        }
        rules.num_beams = rules.returned;
    }

    void warn_about_drawing() {
        constexpr std::string_view why = "the temperature is 0, so nothing is sampled; ignored";
        if (options_.top_k) warn("top_k", std::string(why));
        if (options_.top_p) warn("top_p", std::string(why));
        if (options_.min_p) warn("min_p", std::string(why));
        if (options_.seed) warn("seed", std::string(why));
    }

    const CaptionOptions& options_;
    const BundleInfo& bundle_;
    bool instructed_ = false;
    Settings made_;
};

}  // namespace

Result<Settings> settle(const CaptionOptions& options, const BundleInfo& bundle, std::uint64_t fresh_seed) {
    return Settler(options, bundle).settle(fresh_seed);
}

PictureWish wish_of(const CaptionOptions& options) {
    if (!options.picture_tokens) return {};
    return {.tokens_max = static_cast<int>(std::clamp<std::int64_t>(*options.picture_tokens, 1, 1 << 20))};
}

void fit_into(int room, const CaptionOptions& options, const BundleInfo& bundle, Settings& settings) {
    DecodingRules& rules = settings.rules;
    const bool insists = options.max_length && !options.fewer_tokens_will_do;
    if (insists || room < 1 || rules.max_length <= room) return;
    if (room < bundle.generation.max_length) {
        settings.warnings.push_back(
            {.field = "input.max_length",
             .message = "after this prompt the model has room for " + std::to_string(room) +
                        " tokens; that many were used"}
        );
    }
    rules.max_length = room;
    rules.min_length = std::min(rules.min_length, room);
}

}  // namespace vignette
