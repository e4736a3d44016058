// A request on its way through the engine, from generate() to its one answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <utility>

#include "core/channel.h"
#include "engine/generation.h"
#include "vignette/error.h"
#include "vignette/invariant.h"

namespace vignette {

struct GenerationCall {
    using Clock = std::chrono::steady_clock;

    GenerationRequest request;
    std::promise<Result<Generation>> answer;
    Clock::time_point arrived;
    std::shared_ptr<Channel<TokenId>> tokens;  // none: nobody listens
    std::uint64_t place = 0;                   // in the waiting line, which sets it
    std::chrono::microseconds looked{};        // that its pictures took while it waited

    bool asks_the_same(const GenerationCall& other) const {
        return request.pictures == other.request.pictures && request.prompt == other.request.prompt;
    }

    // There is room for all tokens, so the engine never waits for a listener.
    void stream(TokenId token) {
        if (!tokens) return;
        const bool streamed = tokens->try_push(token);
        ASSERT(streamed);
    }

    // The only way out for a call that was taken in.
    void end(Result<Generation> result) {
        if (tokens) tokens->close();
        answer.set_value(std::move(result));
    }
};

}  // namespace vignette
