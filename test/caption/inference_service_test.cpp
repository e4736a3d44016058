#include "caption/inference_service.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "caption/captioner_fixture.h"
#include "fakes/fake_embedder.h"
#include "film/film_fixtures.h"

namespace vignette {
namespace {

class InferenceServiceTest : public CaptionerFixture {
protected:
    InferenceServiceTest() {
        config_.bundle = "bundles/words";
        config_.embedder = "bundles/vectors";
        config_.lazy = true;
        vectors_.name = "vectors";
        vectors_.kind = BundleKind::embedder;
        vectors_.text = {.prompt_template = "{prompt}", .vocabulary = 400, .tokens_max = 4};
    }

    Result<std::unique_ptr<Captioner>> open() {
        return InferenceService::open(config_, [this](const std::filesystem::path& bundle) {
            return load(bundle);
        });
    }

    Result<std::shared_ptr<OpenedModel>> load(const std::filesystem::path& bundle) {
        loads.push_back(bundle.filename().string());
        if (bundle.filename() == "vectors") {
            auto embedder = std::make_unique<FakeEmbedder>();
            embedder_ = embedder.get();
            return std::make_shared<EmbeddingModel>(std::move(embedder), vectors_, tokenizer(), Limits{});
        }
        auto model = std::make_unique<ListeningModel>();
        model->says = {word("two")};
        words_ = model.get();
        return std::make_shared<CaptionModel>(std::move(model), bundle_, tokenizer(), config_.limits);
    }

    static Job task(Task what) {
        Job job = job_of();
        job.warnings.clear();
        job.task = what;
        return job;
    }
    Result<Caption> done(Job job) { return service()->caption(std::move(job), {}, {}); }
    Captioner* service() {
        if (!studio_) studio_ = open().value();
        return studio_.get();
    }

    CaptionerConfig config_;
    BundleInfo vectors_;
    std::vector<std::string> loads;
    ListeningModel* words_ = nullptr;
    FakeEmbedder* embedder_ = nullptr;
    std::unique_ptr<Captioner> studio_;
};

TEST_F(InferenceServiceTest, AModelIsLoadedByTheFirstJobThatNeedsItAndKept) {
    EXPECT_NE(service(), nullptr);
    EXPECT_TRUE(loads.empty());
    ASSERT_TRUE(done(task(Task::caption)).has_value());
    EXPECT_EQ(loads, std::vector<std::string>{"words"});
    ASSERT_TRUE(done(task(Task::embed)).has_value());
    ASSERT_TRUE(done(task(Task::embed_and_caption)).has_value());
    EXPECT_EQ(loads, (std::vector<std::string>{"words", "vectors"}));
}

TEST_F(InferenceServiceTest, UnlessItIsLazyTheDefaultModelIsLoadedAtOnce) {
    config_.lazy = false;
    EXPECT_GE(service()->pictures_at_once(), 1);
    EXPECT_EQ(loads, std::vector<std::string>{"words"});
}

TEST_F(InferenceServiceTest, WordsAndVectorComeOfOneDecodedPicture) {
    const auto made = done(task(Task::embed_and_caption));
    ASSERT_TRUE(made.has_value()) << made.error().message;
    EXPECT_NE(made->text, std::nullopt);
    ASSERT_TRUE(made->embedding.has_value());
    EXPECT_EQ(made->embedding->values, (Vector{1.0F, 192.0F}));
    EXPECT_EQ(made->embedding->model, "vectors");
    ASSERT_EQ(made->images.size(), 1U);
    EXPECT_EQ(made->task, Task::embed_and_caption);
}

TEST_F(InferenceServiceTest, TheSameJobAgainIsAnsweredFromMemoryAndSaysSo) {
    config_.cache_bytes = 1 * MiB;
    const auto first = done(task(Task::embed_and_caption));
    std::string said;
    const auto again =
        service()->caption(task(Task::embed_and_caption), {}, [&](std::string_view piece) { said += piece; });
    ASSERT_TRUE(first.has_value() && again.has_value());
    EXPECT_FALSE(first->cached);
    EXPECT_TRUE(again->cached);
    EXPECT_EQ(again->text, first->text);
    EXPECT_EQ(said, *first->text);
    EXPECT_EQ(again->embedding->values, first->embedding->values);
    EXPECT_EQ(again->images.size(), 1U);
    Job anew = task(Task::embed_and_caption);
    anew.use_cache = false;
    EXPECT_FALSE(done(std::move(anew))->cached);
    Job of_another = task(Task::embed_and_caption);
    of_another.tenant = "another";
    EXPECT_FALSE(done(std::move(of_another))->cached);
}

TEST_F(InferenceServiceTest, WhereCaptionsAreOffTheirModelIsNotEvenLoaded) {
    config_.bundle.clear();
    config_.lazy = false;
    const auto both = done(task(Task::embed_and_caption));
    ASSERT_TRUE(both.has_value()) << both.error().message;
    EXPECT_EQ(both->text, std::nullopt);
    EXPECT_TRUE(both->embedding.has_value());
    const auto words = done(task(Task::caption));
    ASSERT_TRUE(words.has_value());
    EXPECT_EQ(words->text, std::nullopt);
    EXPECT_EQ(words->warnings.size(), 1U) << "it is told why there is no caption";
    EXPECT_EQ(loads, std::vector<std::string>{"vectors"});
}

TEST_F(InferenceServiceTest, AJobMaySwitchItsCaptionOff) {
    Job job = task(Task::embed_and_caption);
    job.captions = false;
    const auto made = done(std::move(job));
    ASSERT_TRUE(made.has_value());
    EXPECT_EQ(made->text, std::nullopt);
    EXPECT_EQ(loads, std::vector<std::string>{"vectors"});
}

TEST_F(InferenceServiceTest, ATextThatIsTooLongIsCutButForItsEndAndTheClientIsTold) {
    Job job = task(Task::embed);
    job.pictures.clear();
    job.text = "two two two two two two two cat";
    const auto all = tokenizer().encode(job.text).value();
    const auto made = done(std::move(job));
    ASSERT_TRUE(made.has_value()) << made.error().message;
    ASSERT_EQ(embedder_->last_text.size(), 4U);
    EXPECT_EQ(embedder_->last_text.front(), all.front());
    EXPECT_EQ(embedder_->last_text.back(), all.back());
    ASSERT_EQ(made->warnings.size(), 1U);
    EXPECT_EQ(made->warnings[0].field, "input.text");
}

TEST_F(InferenceServiceTest, AModelOfTheWrongKindIsRefusedByTheFieldThatNamedIt) {
    Job job = task(Task::caption);
    job.model = "vectors";
    const auto wrong = done(std::move(job));
    ASSERT_FALSE(wrong.has_value());
    EXPECT_EQ(wrong.error().code, ErrorCode::invalid_input);
    EXPECT_EQ(wrong.error().field, "input.model");
    Job other = task(Task::embed_and_caption);
    other.embedder = "words";
    EXPECT_EQ(done(std::move(other)).error().field, "input.embedding_model");
}

TEST_F(InferenceServiceTest, ANameInAJobIsLookedUpAndAnUnknownOneIsTheJobsMistake) {
    config_.find_bundle = [](std::string_view name) -> Result<std::filesystem::path> {
        if (name == "other") return "bundles/other";
        return fail(ErrorCode::model_not_found, "no such model");
    };
    Job job = task(Task::caption);
    job.model = "other";
    ASSERT_TRUE(done(std::move(job)).has_value());
    EXPECT_EQ(loads, std::vector<std::string>{"other"});
    Job unknown = task(Task::caption);
    unknown.model = "dream";
    EXPECT_EQ(done(std::move(unknown)).error().field, "input.model");
    Job same = task(Task::caption);
    same.model = "words";  // the default one by its name
    ASSERT_TRUE(done(std::move(same)).has_value());
}

TEST_F(InferenceServiceTest, ADefaultModelIsAlsoKnownByTheHubsId) {
    config_.bundle = "bundles/owner--words";
    Job job = task(Task::caption);
    job.model = "owner/words";
    ASSERT_TRUE(done(std::move(job)).has_value());
    EXPECT_EQ(loads, std::vector<std::string>{"owner--words"});
    Job other = task(Task::caption);
    other.model = "another/words";
    EXPECT_EQ(done(std::move(other)).error().code, ErrorCode::model_not_found);
}

TEST_F(InferenceServiceTest, WithoutAnEmbedderAVectorIsRefusedWithTheRemedy) {
    config_.embedder.clear();
    const auto made = done(task(Task::embed));
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, ErrorCode::model_not_found);
    EXPECT_NE(made.error().message.find("VIGNETTE_EMBEDDER"), std::string::npos);
}

TEST_F(InferenceServiceTest, AVectorIsOfOnePicture) {
    Job job = task(Task::embed);
    job.pictures.push_back(std::move(job_of().pictures.front()));
    EXPECT_EQ(done(std::move(job)).error().field, "input.together");
}

// Prompts about films stand in the place of a picture, with a token of their own.
class FilmServiceTest : public InferenceServiceTest {
protected:
    FilmServiceTest() {
        bundle_.family = "qwen3_vl";
        bundle_.text.prompt_template = "{images}{prompt}";
        bundle_.text.placement = Placement::placeholder;
        bundle_.film = {.frames = 2, .text = "{groups}", .group_text = "<image>", .token = word("<image>")};
    }

    Result<FilmInfo> describe(FrameOptions options, Job job = {}) {
        Film film;
        film.source = {.field = "input.video", .source = EncodedPicture{fixtures::film("h264.mp4")}};
        film.options = std::move(options);
        film.frame_job = std::move(job);
        const auto hear = [&](FilmFrame frame) { heard_.push_back(std::move(frame)); };
        const auto hear_piece = [&](std::string_view piece) { pieces_ += piece; };
        return service()->describe(std::move(film), {}, hear, hear_piece);
    }

    std::vector<FilmFrame> heard_;
    std::string pieces_;
};

TEST_F(FilmServiceTest, AFilmThatIsLookedAtAsAWholeHasOneAnswer) {
    const auto info = describe({.fps = 25, .max_frames = 3, .together = true});
    ASSERT_TRUE(info.has_value()) << info.error().message;
    ASSERT_EQ(heard_.size(), 1U);
    EXPECT_EQ(heard_[0].timestamp, std::nullopt);
    ASSERT_TRUE(heard_[0].outcome.has_value()) << heard_[0].outcome.error().message;
    EXPECT_EQ(heard_[0].outcome->timestamps.size(), 3U);
    EXPECT_EQ(heard_[0].outcome->model.prompt, "Describe this video.");
    EXPECT_EQ(pieces_, heard_[0].outcome->text);
    EXPECT_NE(pieces_, "");
    EXPECT_EQ(words_->film_begins.size(), 2U) << "three frames are two groups";
    EXPECT_EQ(words_->film_begins[0], 0);
    EXPECT_NEAR(words_->film_begins[1], heard_[0].outcome->timestamps[2], 1e-9);
    EXPECT_EQ(std::ranges::count(words_->heard, bundle_.film->token), 2 * 2) << "two places each";
}

TEST_F(FilmServiceTest, APresetAsksAboutTheFilmInItsOwnWords) {
    Job job;
    job.options.preset = Preset::one_sentence;
    ASSERT_TRUE(describe({.together = true}, job).has_value());
    ASSERT_TRUE(heard_[0].outcome.has_value()) << heard_[0].outcome.error().message;
    EXPECT_EQ(heard_[0].outcome->model.prompt, "Describe this video in one sentence.");
    job.options.prompt = "a <image> cat";
    ASSERT_TRUE(describe({.together = true}, job).has_value());
    EXPECT_FALSE(heard_[1].outcome.has_value()) << "its word is the film's token";
}

TEST_F(FilmServiceTest, AModelThatIsShownFilmsFrameByFrameSaysSo) {
    bundle_.film.reset();
    const auto info = describe({.together = true});
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().code, ErrorCode::unsupported);
    EXPECT_EQ(info.error().field, "input.together");
    EXPECT_TRUE(heard_.empty());
}

TEST_F(FilmServiceTest, AFilmAsAWholeHasNoVector) {
    Job job;
    job.task = Task::embed_and_caption;
    const auto info = describe({.together = true}, job);
    ASSERT_FALSE(info.has_value());
    EXPECT_EQ(info.error().field, "input.together");
}

}  // namespace
}  // namespace vignette
