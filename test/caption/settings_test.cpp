#include "caption/settings.h"

#include <gtest/gtest.h>

#include <cstdint>
#include "caption/presets.h"

namespace vignette::settings_test {
namespace {

constexpr std::uint64_t fresh = 4711;

BundleInfo bundle() {
    BundleInfo info;
    info.family = "blip2-opt";
    info.text.default_prompt = "a photo of";
    info.text.end = {TokenId{7}};
    info.text.vocabulary = 400;
    return info;  // the defaults of GenerationDefaults: 40 of at most 50, at least 8, 3 beams of at most 3
}

BundleInfo instructed() {
    BundleInfo info = bundle();
    info.family = "llava-next";
    info.generation = {
        .max_length = 200, .max_length_limit = 300, .min_length = 0, .num_beams = 1, .num_beams_limit = 5
    };
    return info;
}

Settings settled(const CaptionOptions& options, const BundleInfo& info = bundle()) {
    const Result<Settings> settings = settle(options, info, fresh);
    EXPECT_TRUE(settings.has_value()) << (settings ? "" : settings.error().message);
    return settings.value_or(Settings{});
}

Error refused(const CaptionOptions& options, const BundleInfo& info = bundle()) {
    const Result<Settings> settings = settle(options, info, fresh);
    EXPECT_FALSE(settings.has_value());
    return settings ? Error{} : settings.error();
}

std::vector<std::string> fields_of(const std::vector<Warning>& warnings) {
    std::vector<std::string> fields;
    for (const Warning& warning : warnings) fields.push_back(warning.field);
    return fields;
}

using Fields = std::vector<std::string>;

TEST(Settings, AreTheBundlesDefaultsWhereTheJobHasNoWish) {
    const Settings settings = settled({});
    EXPECT_EQ(settings.prompt, "a photo of");
    EXPECT_EQ(settings.rules.max_length, 40);
    EXPECT_EQ(settings.rules.min_length, 8);
    EXPECT_EQ(settings.rules.num_beams, 3);
    EXPECT_EQ(settings.rules.returned, 1);
    EXPECT_EQ(settings.rules.end, std::vector<TokenId>{TokenId{7}});
    EXPECT_FALSE(settings.rules.sampling);
    EXPECT_FALSE(settings.rules.guards_loops);
    EXPECT_EQ(settings.wording, Wording::as_said);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, TokensOfAPictureAreThoseOfModelsThatKeepItsShape) {
    EXPECT_EQ(fields_of(settled({.picture_tokens = 64}).warnings), Fields{"input.picture_tokens"});
    EXPECT_EQ(wish_of({}).tokens_max, 0);
    EXPECT_EQ(wish_of({.picture_tokens = 64}).tokens_max, 64);
    EXPECT_EQ(wish_of({.picture_tokens = -1}).tokens_max, 1);
    EXPECT_EQ(wish_of({.picture_tokens = std::int64_t{1} << 40}).tokens_max, 1 << 20);
    BundleInfo qwen = bundle();
    qwen.pixels.method = PixelMethod::fit;
    qwen.pixels.patch = 32;
    qwen.pixels.pixels_max = 1280 * 32 * 32;
    EXPECT_TRUE(settled({.picture_tokens = 64}, qwen).warnings.empty());
    EXPECT_EQ(fields_of(settled({.picture_tokens = 1281}, qwen).warnings), Fields{"input.picture_tokens"});
    EXPECT_EQ(fields_of(settled({.picture_tokens = 0}, qwen).warnings), Fields{"input.picture_tokens"});
    qwen.film = {.tokens_max = 2048};
    EXPECT_TRUE(settled({.picture_tokens = 2048}, qwen).warnings.empty()) << "a film's";
    CaptionOptions upper_bound{.fewer_tokens_will_do = true, .picture_tokens = 256};
    EXPECT_TRUE(settled(upper_bound).warnings.empty()) << "other APIs' \"low\" is no more than a hint";
}

TEST(Settings, GrantOptionsWithinTheLimits) {
    CaptionOptions options{.prompt = "", .max_length = 50, .min_length = 0, .num_beams = 1};
    options.length_penalty = 2;
    options.repetition_penalty = 1.5;
    options.no_repeat_ngram_size = 3;
    options.loop_guard = true;
    options.logprobs = true;
    const Settings settings = settled(options);
    EXPECT_EQ(settings.prompt, "");
    EXPECT_EQ(settings.rules.max_length, 50);
    EXPECT_EQ(settings.rules.min_length, 0);
    EXPECT_EQ(settings.rules.num_beams, 1);
    EXPECT_EQ(settings.rules.length_penalty, 2);
    EXPECT_EQ(settings.rules.repetition_penalty, 1.5);
    EXPECT_EQ(settings.rules.no_repeat_ngram, 3);
    EXPECT_TRUE(settings.rules.guards_loops);
    EXPECT_TRUE(settings.rules.logprobs);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, ClampWithAWarningThatNamesWishRangeAndValue) {
    const Settings settings = settled({.max_length = 51, .num_beams = std::int64_t{1} << 40});
    EXPECT_EQ(settings.rules.max_length, 50);
    EXPECT_EQ(settings.rules.num_beams, 3);
    ASSERT_EQ(settings.warnings.size(), 2U);
    EXPECT_EQ(settings.warnings[0].field, "input.max_length");
    EXPECT_EQ(settings.warnings[0].message, "51 is outside 1 to 50; 50 was used");
    EXPECT_EQ(settings.warnings[1].field, "input.num_beams");
}

TEST(Settings, AShortCaptionNeedsNoWarningAboutADefaultMinimum) {
    const Settings settings = settled({.max_length = 5});
    EXPECT_EQ(settings.rules.max_length, 5);
    EXPECT_EQ(settings.rules.min_length, 5);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, AMinimumAboveTheMaximumIsClampedToIt) {
    const Settings settings = settled({.max_length = 10, .min_length = 20});
    EXPECT_EQ(settings.rules.min_length, 10);
    EXPECT_EQ(fields_of(settings.warnings), Fields{"input.min_length"});
}

TEST(Settings, AnyWishAboutDrawingDrawsWithOneBeamAndTheReferencesDefaults) {
    for (const CaptionOptions& options :
         {CaptionOptions{.temperature = 1}, {.top_k = 50}, {.top_p = 1}, {.min_p = 0}, {.seed = 4711}}) {
        const Settings settings = settled(options);
        ASSERT_TRUE(settings.rules.sampling.has_value());
        EXPECT_EQ(settings.rules.sampling->temperature, 1);
        EXPECT_EQ(settings.rules.sampling->top_k, 50);
        EXPECT_EQ(settings.rules.sampling->top_p, 1);
        EXPECT_EQ(settings.rules.sampling->min_p, 0);
        EXPECT_EQ(settings.rules.sampling->seed, fresh);
        EXPECT_EQ(settings.rules.num_beams, 1);
        EXPECT_TRUE(settings.warnings.empty());
    }
    EXPECT_EQ(settled({.seed = 0}).rules.sampling->seed, 0U);
    EXPECT_EQ(settled({.top_k = 0}).rules.sampling->top_k, 0);
}

TEST(Settings, TemperatureZeroDrawsNothingAndSaysWhatHasNoEffect) {
    const Settings settings = settled({.temperature = 0, .top_k = 5, .top_p = 0.5, .min_p = 0.1, .seed = 1});
    EXPECT_FALSE(settings.rules.sampling);
    EXPECT_EQ(settings.rules.num_beams, 3);
    EXPECT_EQ(
        fields_of(settings.warnings), (Fields{"input.top_k", "input.top_p", "input.min_p", "input.seed"})
    );
}

TEST(Settings, ATemperatureThatFloatsCannotBearIsRaised) {
    const Settings settings = settled({.temperature = 1e-9});
    EXPECT_EQ(settings.rules.sampling->temperature, 0.01);
    EXPECT_EQ(fields_of(settings.warnings), Fields{"input.temperature"});
}

TEST(Settings, BeamsDoNotDraw) {
    const Settings settings = settled({.num_beams = 3, .temperature = 0.5});
    EXPECT_EQ(settings.rules.num_beams, 1);
    EXPECT_EQ(fields_of(settings.warnings), Fields{"input.num_beams"});
    EXPECT_TRUE(settled({.num_beams = 1, .temperature = 0.5}).warnings.empty());
}

TEST(Settings, SeveralCaptionsAreTheBestBeams) {
    const Settings settings = settled({.num_beams = 3, .n = 2});
    EXPECT_EQ(settings.rules.returned, 2);
    EXPECT_EQ(settings.rules.num_beams, 3);
    EXPECT_EQ(settings.samples, 1);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, MoreCaptionsThanBeamsRaiseTheBeams) {
    const Settings greedy = settled({.n = 3}, instructed());
    EXPECT_EQ(greedy.rules.num_beams, 3);
    EXPECT_EQ(greedy.rules.returned, 3);
    EXPECT_TRUE(greedy.warnings.empty());

    const Settings wished = settled({.num_beams = 1, .n = 2});
    EXPECT_EQ(wished.rules.num_beams, 2);
    EXPECT_EQ(fields_of(wished.warnings), Fields{"input.num_beams"});

    const Settings many = settled({.n = 9});
    EXPECT_EQ(many.rules.returned, 3);
    EXPECT_EQ(many.rules.num_beams, 3);
    EXPECT_EQ(fields_of(many.warnings), Fields{"input.n"});
}

TEST(Settings, SeveralDrawnCaptionsAreSequencesOfTheirOwnWithScores) {
    const Settings settings = settled({.n = 4, .seed = 1});
    EXPECT_EQ(settings.samples, 4);
    EXPECT_EQ(settings.rules.returned, 1);
    EXPECT_TRUE(settings.rules.logprobs);
    EXPECT_EQ(settled({.n = 1000, .seed = 1}).samples, samples_max);
}

TEST(Settings, APresetAsksAModelThatFollowsInstructions) {
    const Settings settings = settled({.preset = Preset::alt_text}, instructed());
    EXPECT_EQ(settings.prompt, plan_of(Preset::alt_text).instruction);
    EXPECT_EQ(settings.rules.max_length, 60);
    EXPECT_EQ(settings.wording, Wording::alt_text);
    EXPECT_TRUE(settings.rules.guards_loops);
    EXPECT_FALSE(settled({.preset = Preset::alt_text, .loop_guard = false}, instructed()).rules.guards_loops);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, APresetsLengthStaysWithinTheBundlesLimitWithoutAWarning) {
    const Settings settings = settled({.preset = Preset::detailed}, instructed());
    EXPECT_EQ(settings.rules.max_length, 300);
    EXPECT_TRUE(settings.warnings.empty());
    EXPECT_EQ(settled({.preset = Preset::detailed, .max_length = 20}, instructed()).rules.max_length, 20);
}

TEST(Settings, AnOwnPromptIsAskedInsteadOfThePresets) {
    const Settings settings = settled({.prompt = "Tags?", .preset = Preset::tags}, instructed());
    EXPECT_EQ(settings.prompt, "Tags?");
    EXPECT_EQ(settings.wording, Wording::tag_list);
}

TEST(Settings, AModelThatOnlyContinuesATextIsNotInstructed) {
    const Settings settings = settled({.preset = Preset::alt_text});
    EXPECT_EQ(settings.prompt, "a photo of");
    EXPECT_EQ(settings.rules.max_length, 40);
    EXPECT_EQ(settings.rules.min_length, 8);
    EXPECT_EQ(settings.wording, Wording::alt_text);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, WhatSuchAModelDoesHalfIsAWarning) {
    EXPECT_EQ(fields_of(settled({.preset = Preset::detailed}).warnings), Fields{"input.preset"});
    const Settings tags = settled({.preset = Preset::tags});
    EXPECT_EQ(fields_of(tags.warnings), Fields{"input.preset"});
    EXPECT_EQ(tags.wording, Wording::tag_words);
}

TEST(Settings, WhatSuchAModelCannotDoIsRefused) {
    for (const Preset preset : {Preset::production, Preset::json}) {
        const Error error = refused({.prompt = "Brief?", .preset = preset});
        EXPECT_EQ(error.code, ErrorCode::unsupported);
        EXPECT_EQ(error.field, "input.preset");
        EXPECT_NE(error.message.find("LLaVA-NeXT"), std::string::npos) << error.message;
    }
    EXPECT_EQ(refused({.schema = "{}"}).field, "input.schema");
}

TEST(Settings, ABundlesOwnWordsForAPresetComeFirst) {
    BundleInfo info = bundle();
    info.text.presets = {{.preset = Preset::production, .prompt = "brief:"}};
    const Settings settings = settled({.preset = Preset::production}, info);
    EXPECT_EQ(settings.prompt, "brief:");
    EXPECT_EQ(settings.wording, Wording::sentences);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, ASchemaIsThePresetJsonAndNoOther) {
    const Settings settings = settled({.schema = "{}"}, instructed());
    EXPECT_TRUE(settings.json);
    EXPECT_EQ(settings.preset, Preset::json);
    EXPECT_FALSE(settings.rules.guards_loops) << "JSON that a loop ended would be none";
    EXPECT_EQ(settings.rules.num_beams, 1);
    const Error error = refused({.preset = Preset::tags, .schema = "{}"}, instructed());
    EXPECT_EQ(error.code, ErrorCode::invalid_input);
    EXPECT_EQ(error.field, "input.schema");
}

TEST(Settings, BoxesAreForModelsThatTellPlaces) {
    EXPECT_EQ(refused({.preset = Preset::grounding}, instructed()).code, ErrorCode::unsupported);
    BundleInfo able = instructed();
    able.text.boxes = BoxUnit::pixels;
    const Settings settings = settled({.preset = Preset::grounding}, able);
    EXPECT_TRUE(settings.json);
    EXPECT_FALSE(settings.rules.guards_loops);
    EXPECT_EQ(settings.prompt, plan_of(Preset::grounding).instruction);
    EXPECT_EQ(settled({.prompt = "Find cups.", .preset = Preset::grounding}, able).prompt, "Find cups.");
    EXPECT_EQ(refused({.preset = Preset::grounding, .prefix = "["}, able).field, "input.prefix");
    EXPECT_EQ(refused({.preset = Preset::grounding, .schema = "{}"}, able).field, "input.schema");
}

TEST(Settings, ASchemaHasOneBeamOneAnswerAndItsOwnEnd) {
    const Settings settings =
        settled({.schema = "{}", .min_length = 5, .num_beams = 2, .n = 2}, instructed());
    EXPECT_EQ(settings.rules.min_length, 0);
    EXPECT_EQ(settings.rules.num_beams, 1);
    EXPECT_EQ(settings.rules.returned, 1);
    EXPECT_EQ(fields_of(settings.warnings), (Fields{"input.min_length", "input.num_beams", "input.n"}));
    EXPECT_EQ(settled({.schema = "{}", .n = 2, .seed = 1}, instructed()).samples, 2);
}

TEST(Settings, ALengthThatNobodyNamedFitsBehindThePrompt) {
    Settings settings = settled({.preset = Preset::detailed}, instructed());
    fit_into(250, {}, instructed(), settings);
    EXPECT_EQ(settings.rules.max_length, 250);
    EXPECT_TRUE(settings.warnings.empty()) << "that is still more than the bundle's default";
    fit_into(20, {}, instructed(), settings);
    EXPECT_EQ(settings.rules.max_length, 20);
    EXPECT_EQ(fields_of(settings.warnings), Fields{"input.max_length"});

    Settings captions = settled({});
    fit_into(5, {}, bundle(), captions);
    EXPECT_EQ(captions.rules.max_length, 5);
    EXPECT_EQ(captions.rules.min_length, 5);
}

TEST(Settings, ALengthThatWasNamedOrHasNoRoomAtAllStays) {
    Settings settings = settled({.max_length = 30});
    fit_into(20, {.max_length = 30}, bundle(), settings);
    EXPECT_EQ(settings.rules.max_length, 30);
    fit_into(0, {}, bundle(), settings);
    EXPECT_EQ(settings.rules.max_length, 30);
    EXPECT_TRUE(settings.warnings.empty());
}

TEST(Settings, ALengthThatIsAnUpperBoundFitsBehindThePrompt) {
    const CaptionOptions options{.max_length = 30, .fewer_tokens_will_do = true};
    Settings settings = settled(options);
    fit_into(20, options, bundle(), settings);
    EXPECT_EQ(settings.rules.max_length, 20);
}

TEST(Settings, ASchemaSaysHowTheCaptionBegins) {
    const Error error = refused({.schema = "{}", .prefix = "A dog"}, instructed());
    EXPECT_EQ(error.code, ErrorCode::invalid_input);
    EXPECT_EQ(error.field, "input.prefix");
}

}  // namespace
}  // namespace vignette::settings_test
