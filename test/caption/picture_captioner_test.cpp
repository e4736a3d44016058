#include "caption/picture_captioner.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "fakes/scripted_model.h"
#include "text/golden_tokenizer.h"

namespace vignette {
namespace {

// Remembers the prompt it was given; what it answers is the scripted model's business.
class ListeningModel final : public Model {
public:
    ModelShape shape() const override { return {.slots = 4, .positions = 64, .vocabulary = 400}; }
    std::string device() const override { return "nowhere"; }
    Result<std::unique_ptr<Pixels>> preprocess(const Image& image) const override {
        return std::make_unique<ScriptedPixels>(image.size.width);
    }
    Result<StepResult> step(const StepPlan& plan) override {
        for (const Admission& one : plan.admissions) heard.assign(one.prompt.begin(), one.prompt.end());
        StepResult result;
        result.candidates.assign(plan.choices.size(), {{.row = 0, .token = says, .score = 0}});
        return result;
    }

    TokenId says{};
    std::vector<TokenId> heard;  // the engine's thread writes, the test reads after the answer
};

Bytes picture() {
    std::ifstream file(std::string(VIGNETTE_TEST_DIR) + "/events/scene-1.png", std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    const auto* first = reinterpret_cast<const std::byte*>(content.data());
    return {first, first + content.size()};
}

class PictureCaptionerTest : public ::testing::Test {
protected:
    PictureCaptionerTest() {
        bundle_.name = "golden";
        bundle_.text = {
            .prompt_template = "{prompt}",
            .default_prompt = "a photo of",
            .image_token = TokenId{0},
            .image_tokens = 3,
            .end = {word("cat")},
            .vocabulary = 400,
        };
        bundle_.generation = {.max_length = 4, .max_length_limit = 10, .min_length = 0, .num_beams = 1};
        model_.says = word("two");
    }

    static Tokenizer tokenizer() {
        return Tokenizer::from_json(vignette::testing::read_golden("tokenizer.json")).value();
    }
    static TokenId word(const char* text) { return tokenizer().encode(text).value().back(); }

    Result<Caption> caption(CaptionOptions wishes = {}, std::optional<Bytes> bytes = std::nullopt) {
        PictureCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
        Job job;
        job.image_field = "input.image";
        job.image = EncodedImage{bytes.value_or(picture())};
        job.options = std::move(wishes);
        job.warnings = {{.field = "input.promt", .message = "unknown"}};
        return captioner.caption(std::move(job), {});
    }

    const TokenId image_token_ =
        tokenizer().id_of("</s>").value();  // any special token serves as the placeholder
    BundleInfo bundle_;
    ListeningModel model_;
};

TEST_F(PictureCaptionerTest, ThePlaceholdersOfThePictureStandBeforeTheWords) {
    ASSERT_TRUE(caption({.prompt = "a cat"}).has_value());
    std::vector<TokenId> expected(3, TokenId{0});
    const auto words = tokenizer().encode("a cat").value();
    expected.insert(expected.end(), words.begin(), words.end());
    EXPECT_EQ(model_.heard, expected);
}

TEST_F(PictureCaptionerTest, TheAnswerTellsWhatWasReallyUsed) {
    const auto made = caption({.max_length = 99});
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_EQ(made->tokens, std::vector<TokenId>(10, word("two")));
    EXPECT_EQ(made->finish, FinishReason::length);
    EXPECT_EQ(made->model.max_length, 10);
    EXPECT_EQ(made->model.prompt, "a photo of");
    EXPECT_EQ(made->model.device, "nowhere");
    EXPECT_EQ(made->image.format, ImageFormat::png);
    EXPECT_EQ(made->image.size, (Size{192, 192}));
    EXPECT_GE(made->timings.total, made->timings.decode);
    ASSERT_EQ(made->warnings.size(), 2U);
    EXPECT_EQ(made->warnings[0].field, "input.promt");
    EXPECT_EQ(made->warnings[1].field, "input.max_length");
}

TEST_F(PictureCaptionerTest, AnEndTokenIsAStop) {
    model_.says = word("cat");
    const auto made = caption();
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->tokens.size(), 1U);
    EXPECT_EQ(made->finish, FinishReason::stop);
}

TEST_F(PictureCaptionerTest, ABadPictureNamesItsField) {
    Bytes cut = picture();
    cut.resize(cut.size() / 2);
    const auto made = caption({}, cut);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::truncated_image);
    EXPECT_EQ(made.error().field, "input.image");
}

TEST_F(PictureCaptionerTest, APromptCannotSmuggleInThePlaceholder) {
    bundle_.text.image_token = word("cat");
    const auto made = caption({.prompt = "cat"});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(made.error().field, "input.prompt");
}

TEST_F(PictureCaptionerTest, APromptThatLeavesNoRoomForACaptionIsRefused) {
    std::string prompt;
    for (int i = 0; i < 100; ++i) prompt += "cat ";
    const auto made = caption({.prompt = prompt});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::prompt_too_long);
}

}  // namespace
}  // namespace vignette
