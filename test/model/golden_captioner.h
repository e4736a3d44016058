// A golden bundle's model, asked as the engine's greedy search asks it, beside what the reference says.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/golden.h"
#include "model/torch_model.h"

namespace vignette {

inline Candidate first_of(const Result<StepResult>& result, std::size_t choice) {
    return result.value().candidates.at(choice).at(0);
}

class GoldenCaptioner {
public:
    explicit GoldenCaptioner(const std::string& family, int slots = 8)
        : manifest_(golden_manifest(family)), golden_(family + "/golden.safetensors") {
        auto opened = TorchModel::open(
            golden_bundle(family), manifest_,
            {.device = "cpu", .slots = slots, .prompts_bytes_max = std::size_t{1} << 24U, .threads = 1}
        );
        EXPECT_TRUE(opened) << opened.error().message;
        model_ = std::move(opened).value();
    }

    Model& model() { return *model_; }
    const Manifest& manifest() const { return manifest_; }
    int requests() const { return golden_.numbered("prompt"); }
    std::vector<TokenId> greedy(int number) const {
        return golden_.tokens("greedy." + std::to_string(number));
    }
    // Requests whose captions go on after the first token.
    std::vector<int> that_go_on() const {
        std::vector<int> numbers;
        for (int number = 0; number < requests(); ++number)
            if (greedy(number).size() > 1) numbers.push_back(number);
        return numbers;
    }
    const Golden& golden() const { return golden_; }
    int prompt_length(int number) { return static_cast<int>(request(number).prompt.size()); }

    StepPlan admission(SlotId slot, int number, const Choice& choice = {}) {
        const Request& asked = request(number);
        StepPlan plan;
        plan.admissions.push_back({.slot = slot, .pictures = asked.pictures, .prompt = asked.prompt});
        plan.choices.push_back(choice);
        return plan;
    }

    DecodeRow row(SlotId slot, int number, TokenId token, int said) {
        const int prompt = prompt_length(number);
        return {.slot = slot, .token = token, .position = prompt + said - 1, .prompt = prompt};
    }

    // What the engine's greedy search does, with `joins[i]` the step in which request i is admitted.
    std::vector<std::vector<TokenId>> caption(const std::vector<int>& joins) {
        std::vector<std::vector<TokenId>> said(joins.size());
        const auto ended = [&](std::size_t i) {
            return said[i].size() >= greedy(static_cast<int>(i)).size();
        };
        for (int step = 0; step < 100; ++step) {
            StepPlan plan;
            std::vector<std::size_t> order;
            for (std::size_t i = 0; i < joins.size(); ++i) {
                if (joins[i] != step) continue;
                plan.admissions.push_back(
                    admission(SlotId{static_cast<int>(i)}, static_cast<int>(i)).admissions.front()
                );
                order.push_back(i);
            }
            for (std::size_t i = 0; i < joins.size(); ++i) {
                if (joins[i] >= step || ended(i)) continue;
                plan.decode.push_back(
                    row(SlotId{static_cast<int>(i)}, static_cast<int>(i), said[i].back(),
                        static_cast<int>(said[i].size()))
                );
                order.push_back(i);
            }
            plan.choices.resize(order.size());
            const auto result = model_->step(plan);
            EXPECT_TRUE(result) << result.error().message;
            if (!result) break;
            for (std::size_t i = 0; i < order.size(); ++i)
                said[order[i]].push_back(first_of(result, i).token);
        }
        return said;
    }

    void expect_golden(const std::vector<int>& joins) {
        const auto said = caption(joins);
        for (int i = 0; i < static_cast<int>(said.size()); ++i)
            EXPECT_EQ(said[static_cast<std::size_t>(i)], greedy(i)) << "request " << i;
    }

private:
    struct Request {
        std::vector<std::unique_ptr<ModelInput>> pixels;
        std::vector<const ModelInput*> pictures;
        std::vector<TokenId> prompt;
    };

    // Beyond the last they begin anew, with pictures that no model has seen.
    const Request& request(int number) {
        Request& asked = requests_[number];
        if (!asked.prompt.empty()) return asked;
        const std::string name = std::to_string(number % requests());
        asked.prompt = golden_.tokens("prompt." + name);
        for (int i = 0; i < golden_.numbered("image." + name); ++i) {
            const Image image = golden_.image("image." + name + "." + std::to_string(i));
            asked.pixels.push_back(model_->preprocess(image, {}).value());
            asked.pictures.push_back(asked.pixels.back().get());
        }
        return asked;
    }

    Manifest manifest_;
    Golden golden_;
    std::unique_ptr<Model> model_;
    std::map<int, Request> requests_;
};

}  // namespace vignette
