#include "caption/embedding_queue.h"

#include <optional>
#include <utility>

#include "core/stop.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t batch_max = 32;

}  // namespace

EmbeddingQueue::EmbeddingQueue(Embedder& embedder, const Limits& limits)
    : embedder_(embedder),
      inbox_(limits.inbox_max),
      thread_([this](const std::stop_token& closed) { loop(closed); }) {}

EmbeddingQueue::~EmbeddingQueue() { close(); }

void EmbeddingQueue::close() {
    thread_.request_stop();
    inbox_.close();
}

std::future<Result<Vector>> EmbeddingQueue::submit(Subject subject, std::stop_token stop) {
    Waiting one{.subject = std::move(subject), .stop = std::move(stop), .answer = {}};
    std::future<Result<Vector>> answer = one.answer.get_future();
    if (inbox_.try_push(std::move(one))) return answer;
    std::promise<Result<Vector>> refused;
    refused.set_value(
        fail(ErrorCode::overloaded, "too many pictures are waiting for the embedder; try again in a moment")
    );
    return refused.get_future();
}

void EmbeddingQueue::loop(const std::stop_token& closed) {
    while (std::optional<Waiting> first = inbox_.pop()) {
        if (closed.stop_requested()) {
            first->answer.set_value(std::unexpected(cancelled()));
            continue;
        }
        std::vector<Waiting> batch;
        batch.push_back(std::move(*first));
        while (batch.size() < batch_max) {
            std::optional<Waiting> more = inbox_.try_pop();
            if (!more) break;
            batch.push_back(std::move(*more));
        }
        answer(std::move(batch));
    }
}

// Pictures and texts are different calls of the model.
void EmbeddingQueue::answer(std::vector<Waiting> batch) {
    std::vector<Waiting*> pictures;
    std::vector<Waiting*> texts;
    for (Waiting& one : batch) {
        if (const Result<void> wanted = unless_stopped(one.stop); !wanted) {
            one.answer.set_value(std::unexpected(wanted.error()));
        } else {
            const bool is_picture = std::holds_alternative<std::unique_ptr<ModelInput>>(one.subject);
            (is_picture ? pictures : texts).push_back(&one);
        }
    }
    answer_together(pictures);
    answer_together(texts);
}

// A batch that fails is tried one by one: what is wrong with one must not spoil its neighbours.
void EmbeddingQueue::answer_together(std::span<Waiting* const> some) {
    if (some.empty()) return;
    Result<std::vector<Vector>> vectors = embed(some);
    if (!vectors && some.size() > 1) {
        for (std::size_t i = 0; i < some.size(); ++i) answer_together(some.subspan(i, 1));
        return;
    }
    ASSERT(!vectors || vectors->size() == some.size());
    for (std::size_t i = 0; i < some.size(); ++i) {
        if (vectors) {
            some[i]->answer.set_value(std::move((*vectors)[i]));
        } else {
            some[i]->answer.set_value(std::unexpected(vectors.error()));
        }
    }
}

// All pictures, or all texts.
Result<std::vector<Vector>> EmbeddingQueue::embed(std::span<Waiting* const> some) {
    if (std::holds_alternative<std::unique_ptr<ModelInput>>(some.front()->subject)) {
        std::vector<const ModelInput*> pictures;
        for (const Waiting* one : some)
            pictures.push_back(std::get<std::unique_ptr<ModelInput>>(one->subject).get());
        return embedder_.embed_pictures(pictures);
    }
    std::vector<std::vector<TokenId>> texts;
    for (const Waiting* one : some) texts.push_back(std::get<std::vector<TokenId>>(one->subject));
    return embedder_.embed_texts(texts);
}

}  // namespace vignette
