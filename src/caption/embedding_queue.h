// Vectors for many at once: what waits while the embedder works goes into its next batch together.
//
// submit() from any thread; the queue's own thread owns the embedder. The destructor closes the queue and
// joins that thread.
#pragma once

#include <future>
#include <memory>
#include <span>
#include <stop_token>
#include <thread>
#include <variant>
#include <vector>

#include "core/channel.h"
#include "vignette/embedder.h"
#include "vignette/limits.h"

namespace vignette {

class EmbeddingQueue {
public:
    using Subject = std::variant<std::unique_ptr<ModelInput>, std::vector<TokenId>>;

    EmbeddingQueue(Embedder& embedder, const Limits& limits);
    ~EmbeddingQueue();
    EmbeddingQueue(const EmbeddingQueue&) = delete;
    EmbeddingQueue& operator=(const EmbeddingQueue&) = delete;

    // Never waits: `overloaded` if the queue is full or closed. If `stop` is requested before its batch
    // begins, the answer is `cancelled`.
    std::future<Result<Vector>> submit(Subject subject, std::stop_token stop);

    // The running batch is finished; whatever still waits is answered with `cancelled`. Any thread.
    void close();

private:
    struct Waiting {
        Subject subject;
        std::stop_token stop;
        std::promise<Result<Vector>> answer;
    };

    void loop(const std::stop_token& closed);
    void answer(std::vector<Waiting> batch);
    void answer_together(std::span<Waiting* const> some);
    Result<std::vector<Vector>> embed(std::span<Waiting* const> some);

    Embedder& embedder_;
    Channel<Waiting> inbox_;
    std::jthread thread_;  // last member: joined before the others die
};

}  // namespace vignette
