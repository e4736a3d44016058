#include "model/torch_embedder.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "model/golden.h"
#include "model/pixels/preprocess.h"

namespace vignette {
namespace {

class TorchEmbedderTest : public testing::Test {
protected:
    static void SetUpTestSuite() {
        auto opened = TorchEmbedder::open(
            golden_bundle("clip"), golden_manifest("clip"), {.device = "cpu", .threads = 1}
        );
        ASSERT_TRUE(opened) << opened.error().message;
        embedder_ = std::move(opened).value();
    }
    static void TearDownTestSuite() { embedder_.reset(); }

    // Vectors of as many numbers and of length 1, equal but for rounding.
    static void expect_alike(const Vector& found, const std::vector<float>& expected) {
        ASSERT_EQ(found.size(), expected.size());
        const double near = rounding(expected);
        double squares = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            EXPECT_NEAR(found[i], expected[i], near);
            squares += double{found[i]} * double{found[i]};
        }
        EXPECT_NEAR(squares, 1, rounding({{1}}));
    }

    std::unique_ptr<ModelInput> picture(int number) const {
        return embedder_->preprocess(golden_.image("image." + std::to_string(number))).value();
    }
    std::vector<TokenId> text(int number) const { return golden_.tokens("ids." + std::to_string(number)); }

    static std::unique_ptr<Embedder> embedder_;
    Golden golden_{"clip/golden.safetensors"};
};

std::unique_ptr<Embedder> TorchEmbedderTest::embedder_;

TEST_F(TorchEmbedderTest, IsAsWideAsTheManifestSays) {
    EXPECT_EQ(embedder_->width(), golden_manifest("clip").info.width);
    EXPECT_EQ(embedder_->device(), "cpu");
}

TEST_F(TorchEmbedderTest, PicturesHaveTheReferencesVectorsAloneAndTogether) {
    std::vector<std::unique_ptr<ModelInput>> pictures;
    std::vector<const ModelInput*> together;
    for (int number = 0; number < golden_.numbered("image"); ++number) {
        pictures.push_back(picture(number));
        const ModelInput* const alone[] = {pictures.back().get()};
        const auto expected = golden_.floats("image_vector." + std::to_string(number));
        expect_alike(embedder_->embed_pictures(alone).value().at(0), expected);
    }
    for (int i = 0; i < 40; ++i)
        together.push_back(pictures[static_cast<std::size_t>(i) % pictures.size()].get());
    const auto vectors = embedder_->embed_pictures(together).value();  // more than go together
    ASSERT_EQ(vectors.size(), together.size());
    for (std::size_t i = 0; i < vectors.size(); ++i)
        expect_alike(vectors[i], golden_.floats("image_vector." + std::to_string(i % pictures.size())));
}

TEST_F(TorchEmbedderTest, TextsHaveTheReferencesVectorsAloneAndTogether) {
    std::vector<std::vector<TokenId>> together;
    const int texts = golden_.numbered("ids");
    ASSERT_GT(texts, 2);
    for (int number = 0; number < texts; ++number) {
        const std::vector<TokenId> alone[] = {text(number)};
        expect_alike(
            embedder_->embed_texts(alone).value().at(0),
            golden_.floats("text_vector." + std::to_string(number))
        );
    }
    for (int i = 0; i < 150; ++i) together.push_back(text(i % texts));
    const auto vectors = embedder_->embed_texts(together).value();
    ASSERT_EQ(vectors.size(), together.size());
    for (std::size_t i = 0; i < vectors.size(); ++i) {
        const auto number = static_cast<int>(i) % texts;
        expect_alike(vectors[i], golden_.floats("text_vector." + std::to_string(number)));
    }
}

TEST_F(TorchEmbedderTest, NothingGivesNothing) {
    EXPECT_TRUE(embedder_->embed_pictures({}).value().empty());
    EXPECT_TRUE(embedder_->embed_texts({}).value().empty());
}

TEST_F(TorchEmbedderTest, TextsThatDoNotFitAreRefused) {
    const TextRecipe recipe = golden_manifest("clip").info.text;
    const std::vector<TokenId> none[] = {{}};
    EXPECT_EQ(embedder_->embed_texts(none).error().code, ErrorCode::prompt_too_long);
    const std::vector<TokenId> long_text[] = {
        std::vector<TokenId>(static_cast<std::size_t>(recipe.tokens_max) + 1, TokenId{1})
    };
    EXPECT_EQ(embedder_->embed_texts(long_text).error().code, ErrorCode::prompt_too_long);
    const std::vector<TokenId> unknown[] = {{TokenId{recipe.vocabulary}}};
    EXPECT_EQ(embedder_->embed_texts(unknown).error().code, ErrorCode::bundle_invalid);
}

TEST_F(TorchEmbedderTest, AVectorThatIsNoNumberIsTheModelsFailure) {
    const Size size = golden_manifest("clip").info.pixels.size;
    const TorchInput spoiled(
        at::full({1, 3, size.height, size.width}, std::numeric_limits<float>::quiet_NaN()), size, 0
    );
    const ModelInput* const pictures[] = {&spoiled};
    EXPECT_EQ(embedder_->embed_pictures(pictures).error().code, ErrorCode::model_failed);
}

}  // namespace
}  // namespace vignette
