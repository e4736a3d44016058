// Clients of an engine, each on its own thread, and what they were told.
// Threads: the test's thread only. The destructor waits for all answers.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "core/channel.h"
#include "engine/engine.h"
#include "fakes/scripted_filter.h"
#include "fakes/scripted_model.h"

namespace vignette {

struct TestRequest {
    int picture = 0;
    std::vector<TokenId> prompt{TokenId{1}};
    DecodingRules rules{};
    std::optional<FilterScript> filter{};
    EndsHere ends_here{};
};

inline GenerationRequest request_of(const TestRequest& asked) {
    GenerationRequest request{.prompt = asked.prompt, .rules = asked.rules, .ends_here = asked.ends_here};
    request.pictures.push_back(std::make_unique<ScriptedPixels>(asked.picture));
    if (asked.filter) request.filter = std::make_unique<ScriptedFilter>(*asked.filter);
    return request;
}

inline ErrorCode code_of(const Result<Generation>& answer) {
    EXPECT_FALSE(answer.has_value());
    return answer ? ErrorCode::internal : answer.error().code;
}

enum class Ears { closed, open };

class Callers {
public:
    explicit Callers(Engine& engine, Ears ears = Ears::closed) : engine_(engine), ears_(ears) {}

    // Returns at once; nobody can say when that caller reaches the engine. See fill().
    int call(const TestRequest& asked) {
        const int caller = static_cast<int>(threads_.size());
        GenerationRequest request = request_of(asked);
        request.stop = stops_.emplace_back().get_token();
        Channel<TokenId>& heard = heard_.emplace_back(1'000'000U);  // as many as endless() may say
        OnToken on_token;
        if (ears_ == Ears::open) on_token = [&heard](TokenId token) { heard.push(token); };
        threads_.emplace_back([this, caller, &heard, on_token, asked = std::move(request)]() mutable {
            Result<Generation> answer = engine_.generate(std::move(asked), on_token);
            heard.close();
            answers_.push({caller, std::move(answer)});
        });
        return caller;
    }

    // Fills the inbox of an engine that is held in a step: one caller too many comes, and when one has been
    // turned away all others are inside. Returns those.
    std::vector<int> fill(std::size_t inbox_max, const TestRequest& asked) {
        std::vector<int> inside;
        for (std::size_t i = 0; i <= inbox_max; ++i) inside.push_back(call(asked));
        for (;;) {
            auto [caller, answer] = next();
            if (std::erase(inside, caller) == 0) {  // of an earlier call
                early_.emplace(caller, std::move(answer));
                continue;
            }
            EXPECT_EQ(code_of(answer), ErrorCode::overloaded);
            return inside;
        }
    }

    void cancel(int caller) { stops_[static_cast<std::size_t>(caller)].request_stop(); }

    // Waits for the next token that this caller hears; none after the last.
    std::optional<TokenId> hear(int caller) { return heard_[static_cast<std::size_t>(caller)].pop(); }
    std::vector<TokenId> hear_rest(int caller) {
        std::vector<TokenId> rest;
        while (const std::optional<TokenId> token = hear(caller)) rest.push_back(*token);
        return rest;
    }

    // Waits for this caller's answer; each can be taken once.
    Result<Generation> answer(int caller) {
        while (!early_.contains(caller)) early_.insert(next());
        return std::move(early_.extract(caller).mapped());
    }

private:
    using Answer = std::pair<int, Result<Generation>>;

    Answer next() { return std::move(*answers_.pop()); }

    Engine& engine_;
    const Ears ears_;
    std::deque<Channel<TokenId>> heard_;  // of each caller
    Channel<Answer> answers_{100'000};
    std::map<int, Result<Generation>> early_;  // answered, not yet asked for
    std::vector<std::stop_source> stops_;
    std::vector<std::jthread> threads_;  // last member: joined first
};

inline DecodingRules endless(int num_beams) {
    return {
        .max_length = 1'000'000,
        .min_length = 0,
        .num_beams = num_beams,
        .length_penalty = 1,
        .early_stopping = false,
        .end = {},
    };
}

inline DecodingRules brief(int num_beams) {
    DecodingRules rules = endless(num_beams);
    rules.max_length = 6;
    return rules;
}

inline Script roomy(int slots) {
    return {
        .shape = {.slots = slots, .positions = 1'100'000, .vocabulary = 40},
        .favoured = {},
        .bias = 0,
        .seed = 1,
    };
}

inline Error broken() {
    return {.code = ErrorCode::model_failed, .message = "the device said no", .field = {}};
}

inline Limits inbox_of(std::size_t inbox_max) {
    Limits limits;
    limits.inbox_max = inbox_max;
    return limits;
}

// Only an engine with all its slots at home can start this one; a leak shows as a test that never ends.
inline void expect_all_slots_free(Engine& engine, const ScriptedModel& model) {
    const Result<Generation> all =
        engine.generate(request_of({.picture = 1, .rules = brief(model.shape().slots)}));
    EXPECT_TRUE(all.has_value());
}

}  // namespace vignette
