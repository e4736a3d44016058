// A captioner whose model says what the test puts into its mouth.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "caption/media/picture_reader.h"
#include "caption/picture_captioner.h"
#include "fakes/gate.h"
#include "fakes/scripted_model.h"
#include "text/golden_tokenizer.h"

namespace vignette {

// Remembers the prompt it was given. One sequence at a time.
class ListeningModel final : public Model {
public:
    ModelShape shape() const override { return {.slots = slots, .positions = positions, .vocabulary = 400}; }
    std::string device() const override { return "nowhere"; }
    Result<std::unique_ptr<ModelInput>> preprocess(const Image& image, PictureWish wish) const override {
        wished = wish.tokens_max;
        if (on_preprocess) on_preprocess();
        ++preprocessed;
        return std::make_unique<ScriptedPixels>(image.size.width);
    }
    Result<std::vector<std::unique_ptr<ModelInput>>> preprocess_film(
        std::span<const Image> frames, std::span<const double> begins, PictureWish wish
    ) const override {
        wished = wish.tokens_max;
        film_begins.assign(begins.begin(), begins.end());
        std::vector<std::unique_ptr<ModelInput>> groups;
        for (std::size_t i = 0; i < begins.size(); ++i)
            groups.push_back(std::make_unique<ScriptedPixels>(frames.front().size.width));
        return groups;
    }
    Result<StepResult> step(const StepPlan& plan) override {
        gate.pass();
        for (const Admission& one : plan.admissions) {
            for (const ModelInput* picture : one.pictures)
                looks += dynamic_cast<const ScriptedPixels&>(*picture).seen.exchange(true) ? 0 : 1;
        }
        if (fails.exchange(false)) return fail(ErrorCode::model_failed, "not a number");
        for (const Admission& one : plan.admissions) heard.assign(one.prompt.begin(), one.prompt.end());
        said_ = plan.admissions.empty() ? said_ + 1 : 0;
        const TokenId token = says[std::min(said_, says.size() - 1)];
        StepResult result;
        for (const Choice& wanted : plan.choices) {
            std::vector<Candidate> best{{.row = 0, .token = token, .score = 0}};
            for (int i = 1; i < wanted.candidates; ++i)
                best.push_back({.row = 0, .token = TokenId{i}, .score = static_cast<float>(-i)});
            result.candidates.push_back(std::move(best));
        }
        return result;
    }

    Gate gate;                        // before each step
    std::atomic<bool> fails = false;  // the next step
    std::atomic<int> looks = 0;       // at pictures that had not been seen
    mutable std::atomic<int> preprocessed = 0;
    mutable std::vector<double> film_begins;
    mutable std::atomic<int> wished = 0;  // tokens of the picture that came last
    int slots = 4;
    int positions = 64;
    std::function<void()> on_preprocess;
    std::vector<TokenId> says;   // one after another, the last one for ever
    std::vector<TokenId> heard;  // the engine's thread writes, the test reads after the answer

private:
    std::size_t said_ = 0;
};

// The pictures read and the caption made, as the service does it for one model.
class WholeCaptioner {
public:
    WholeCaptioner(const BundleInfo& bundle, Tokenizer tokenizer, Model& model, const Limits& limits)
        : reader_(nullptr, nullptr, limits), captioner_(bundle, std::move(tokenizer), model, limits) {}

    int pictures_at_once() const { return captioner_.pictures_at_once(); }

    Result<Caption> caption(Job job, const std::stop_token& stop, const OnPiece& on_piece) {
        Timings timings;
        ReadPictures pictures = TRY(reader_.read(job, {}, {}, {}, stop, timings));
        std::vector<ImageInfo> infos;
        for (const DecodedImage& one : pictures.images) infos.push_back(one.info);
        Caption made = TRY(captioner_.caption(std::move(job), std::move(pictures), stop, on_piece));
        made.images = std::move(infos);
        return made;
    }

private:
    PictureReader reader_;
    PictureCaptioner captioner_;
};

class CaptionerFixture : public ::testing::Test {
protected:
    CaptionerFixture() {
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
        model_.says = {word("two")};
    }

    static Bytes picture() {
        std::ifstream file(std::string(VIGNETTE_TEST_DIR) + "/events/scene-1.png", std::ios::binary);
        const std::string content{std::istreambuf_iterator<char>(file), {}};
        const auto* first = reinterpret_cast<const std::byte*>(content.data());
        return {first, first + content.size()};
    }
    static Tokenizer tokenizer(const std::string& file = "tokenizer.json") {
        return Tokenizer::from_json(vignette::testing::read_golden(file)).value();
    }
    static TokenId word(const char* text) { return tokenizer().encode(text).value().back(); }

    static Job job_of(CaptionOptions options = {}, std::optional<Bytes> bytes = std::nullopt) {
        Job job;
        job.pictures.push_back({.field = "input.image", .source = EncodedPicture{bytes.value_or(picture())}});
        job.options = std::move(options);
        job.warnings = {{.field = "input.promt", .message = "unknown"}};
        return job;
    }
    Result<Caption> caption(CaptionOptions options = {}, std::optional<Bytes> bytes = std::nullopt) {
        WholeCaptioner captioner(bundle_, tokenizer(), model_, Limits{});
        return captioner.caption(job_of(std::move(options), std::move(bytes)), {}, {});
    }

    BundleInfo bundle_;
    ListeningModel model_;
};

}  // namespace vignette
