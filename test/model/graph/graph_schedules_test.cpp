// Random schedules: pictures come and go, some with beams, some given up, in a model that decodes with graphs
// and ahead, and one that does neither. A recording that does its work once more stands for a graph here.
#include <gtest/gtest.h>

#include <cstdlib>
#include <list>
#include <random>

#include "engine/sequence.h"
#include "engine/slots.h"
#include "model/golden_captioner.h"
#include "model/graph/repeating.h"
#include "model/program.h"
#include "model/slot_cache.h"
#include "model/steps.h"
#include "model/torch_wall.h"

namespace vignette {
namespace {

constexpr int slots = 20;

Steps steps_with(const std::string& family, const Manifest& manifest, const Recorder& recorder) {
    StartPhases phases;
    const SlotCacheOptions cache{.slots = slots, .type = to_torch(manifest.info.dtype)};
    const ModelShape shape{slots, manifest.cache.positions, manifest.info.text.vocabulary};
    return {
        Program::load(golden_bundle(family), manifest, at::kCPU, phases).value(),
        SlotCache::make(manifest.cache, cache).value(),
        {.placeholders = {manifest.info.text.image_token},
         .shape = shape,
         .recorder = recorder,
         .decodes_ahead = true}
    };
}

int schedules() {
    const char* wanted = std::getenv("VIGNETTE_SCHEDULES");
    return wanted == nullptr ? 15 : std::atoi(wanted);
}

class GraphSchedules : public testing::TestWithParam<const char*> {
protected:
    GraphSchedules()
        : golden_(GetParam(), slots),
          graphs_(steps_with(GetParam(), golden_.manifest(), [this](const std::function<void()>& work) {
              ++recorded_;
              if (recorded_ == 3) throw std::runtime_error("refused");
              return std::make_unique<Repeating>(work, replays_);
          })) {
        for (int i = 0; i < golden_.requests(); ++i) pictures_.push_back(pictures_of(i));
    }

    std::vector<std::shared_ptr<const ModelInput>> pictures_of(int number) {
        std::vector<std::shared_ptr<const ModelInput>> made;
        const std::string name = "image." + std::to_string(number);
        for (int i = 0; i < golden_.golden().numbered(name); ++i) {
            const Image image = golden_.golden().image(name + "." + std::to_string(i));
            made.push_back(golden_.model().preprocess(image, {}).value());
        }
        return made;
    }

    int below(int limit) { return std::uniform_int_distribution(0, limit - 1)(random_); }

    GenerationRequest request() {
        const int number = below(golden_.requests());
        const auto& text = golden_.manifest().info.text;
        std::vector<TokenId> prompt = golden_.golden().tokens("prompt." + std::to_string(number));
        const int room = golden_.manifest().cache.positions - static_cast<int>(prompt.size());
        return {
            .pictures = pictures_.at(static_cast<std::size_t>(number)),
            .prompt = std::move(prompt),
            .rules =
                {.max_length = 1 + below(std::min(room, 16)),
                 .num_beams = greedy_ ? 1 : 1 + below(3),
                 .end = text.end}
        };
    }

    struct Running {
        Sequence sequence;
        int prompt = 0;
        int read = 0;
        bool started = false;
    };

    void run_schedule();
    void run_step(std::list<Running>& running);
    void compare(const StepPlan& plan, std::vector<Sequence*>& planned);

    GoldenCaptioner golden_;
    int recorded_ = 0;
    int replays_ = 0;
    Steps graphs_;
    std::vector<std::vector<std::shared_ptr<const ModelInput>>> pictures_;
    const unsigned seed_ = std::random_device{}();
    std::mt19937 random_{seed_};
    int steps_ = 0;
    bool greedy_ = false;  // all pictures of this schedule
};

// Sums of other shapes differ in their last digits: only what is as likely may change places.
void expect_alike(std::span<const Candidate> one, std::span<const Candidate> other) {
    constexpr float digits = 1e-4F;
    ASSERT_EQ(one.size(), other.size());
    for (std::size_t i = 0; i < one.size(); ++i) {
        if (std::isfinite(one[i].score)) {
            ASSERT_NEAR(one[i].score, other[i].score, digits);
        }
        const bool equals = (i > 0 && one[i - 1].score - one[i].score < digits) ||
                            (i + 1 < one.size() && one[i].score - one[i + 1].score < digits);
        if (one.size() == 1 || !equals) {
            ASSERT_EQ(one[i].token, other[i].token);
        }
    }
}

void GraphSchedules::compare(const StepPlan& plan, std::vector<Sequence*>& planned) {
    if (plan.empty()) return;
    const Result<StepResult> plain = golden_.model().step(plan);
    const Result<StepResult> graph = graphs_.run(plan);
    ASSERT_TRUE(plain && graph);
    ++steps_;
    for (std::size_t i = 0; i < planned.size(); ++i) {
        expect_alike(plain->candidates[i], graph->candidates[i]);
        ASSERT_TRUE(planned[i]->advance(plain->candidates[i]));
    }
}

void GraphSchedules::run_schedule() {
    SlotPool pool(slots);
    std::list<GenerationRequest> requests;
    std::list<Running> running;
    for (int left = 3 + below(20); left > 0 || !running.empty();) {
        for (int some = below(4); some > 0 && left > 0; --some, --left) {
            requests.push_back(request());
            std::optional<SlotLease> lease = pool.lend(requests.back().rules.num_beams);
            if (!lease) break;
            running.push_back(
                {.sequence = {requests.back(), *std::move(lease), golden_.model().shape().vocabulary},
                 .prompt = static_cast<int>(requests.back().prompt.size())}
            );
        }
        ASSERT_NO_FATAL_FAILURE(run_step(running));
        std::erase_if(running, [this](const Running& one) {
            return one.sequence.finished() || below(30) == 0;
        });
    }
}

// Half of those whose prompts may be read in parts begin with a part.
void GraphSchedules::run_step(std::list<Running>& running) {
    StepPlan plan;
    std::vector<Sequence*> planned;
    for (Running& one : running) {
        if (one.started) continue;
        if (golden_.model().shape().reads_in_parts && one.read == 0 && below(2) == 0) {
            one.read = 1 + below(one.prompt - 1);
            one.sequence.plan_part(plan, 0, one.read);
        } else {
            one.sequence.plan_admission(plan, one.read);
            planned.push_back(&one.sequence);
        }
    }
    for (Running& one : running) {
        if (one.started) {
            one.sequence.plan_decode(plan);
            planned.push_back(&one.sequence);
        }
        one.started = one.started || std::ranges::find(planned, &one.sequence) != planned.end();
    }
    compare(plan, planned);
}

TEST_P(GraphSchedules, WhatWasDecodedAheadIsUsed) {
    const c10::InferenceMode guard;
    greedy_ = true;
    for (int i = 0; i < schedules(); ++i) ASSERT_NO_FATAL_FAILURE(run_schedule()) << "schedule " << i;
    const int replays_before = replays_;
    const int steps_before = steps_;
    ASSERT_NO_FATAL_FAILURE(run_schedule());
    // Once for each step, and not once more when it is asked for.
    EXPECT_LE(replays_ - replays_before, steps_ - steps_before + 2);
}

TEST_P(GraphSchedules, SayTheSameWithGraphsAsWithout) {
    SCOPED_TRACE("seed " + std::to_string(seed_));
    const c10::InferenceMode guard;
    for (int i = 0; i < schedules(); ++i) {
        greedy_ = i % 2 == 0;
        ASSERT_NO_FATAL_FAILURE(run_schedule()) << "schedule " << i;
    }
    EXPECT_GT(recorded_, 4);
    EXPECT_GT(replays_, steps_ / 2) << "of " << steps_;
}

INSTANTIATE_TEST_SUITE_P(
    Families, GraphSchedules, testing::ValuesIn(captioner_families),
    [](const auto& family) {
        std::string name = family.param;
        std::ranges::replace(name, '-', '_');
        return name;
    }
);

}  // namespace
}  // namespace vignette
