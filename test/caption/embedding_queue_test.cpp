#include "caption/embedding_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <latch>
#include <memory>
#include <vector>

#include "fakes/fake_embedder.h"

namespace vignette {
namespace {

using Answer = std::future<Result<Vector>>;

EmbeddingQueue::Subject picture(int number) { return std::make_unique<ScriptedPixels>(number); }

TEST(EmbeddingQueue, EachGetsItsOwnVectorWhateverWaitsBesideIt) {
    FakeEmbedder embedder;
    EmbeddingQueue queue(embedder, Limits{});
    std::vector<Answer> answers;
    for (int i = 0; i < 40; ++i) {
        answers.push_back(
            i % 2 == 0 ? queue.submit(picture(i), {})
                       : queue.submit(std::vector<TokenId>(static_cast<std::size_t>(i)), {})
        );
    }
    for (int i = 0; i < 40; ++i) {
        const Vector expected{i % 2 == 0 ? 1.0F : 2.0F, static_cast<float>(i)};
        EXPECT_EQ(answers[static_cast<std::size_t>(i)].get().value(), expected);
    }
}

TEST(EmbeddingQueue, WhatWaitsWhileTheModelWorksIsOneBatch) {
    std::latch begun(1);
    std::latch submitted(1);
    FakeEmbedder embedder;
    bool first = true;
    embedder.before_batch = [&] {
        if (std::exchange(first, false)) {
            begun.count_down();
            submitted.wait();
        }
    };
    EmbeddingQueue queue(embedder, Limits{});
    std::vector<Answer> answers;
    answers.push_back(queue.submit(picture(0), {}));
    begun.wait();
    for (int i = 1; i < 6; ++i) answers.push_back(queue.submit(picture(i), {}));
    submitted.count_down();
    for (Answer& one : answers) ASSERT_TRUE(one.get().has_value());
    EXPECT_EQ(embedder.batches, (std::vector<std::size_t>{1, 5}));
}

TEST(EmbeddingQueue, AtItsEndTheRunningBatchIsFinishedAndWhatWaitsIsCancelled) {
    std::latch begun(1);
    std::latch closed(1);
    FakeEmbedder embedder;
    embedder.before_batch = [&] {
        begun.count_down();
        closed.wait();
    };
    EmbeddingQueue queue(embedder, Limits{});
    Answer running = queue.submit(picture(0), {});
    begun.wait();
    Answer waiting = queue.submit(picture(1), {});
    queue.close();
    closed.count_down();
    EXPECT_TRUE(running.get().has_value());
    EXPECT_EQ(waiting.get().error().code, ErrorCode::cancelled);
    EXPECT_EQ(embedder.batches, (std::vector<std::size_t>{1}));
}

TEST(EmbeddingQueue, OneThatCannotBeComputedSpoilsNoNeighbour) {
    std::latch all_there(1);
    FakeEmbedder embedder;
    embedder.bad_picture = 3;
    embedder.before_batch = [&] { all_there.wait(); };
    EmbeddingQueue queue(embedder, Limits{});
    std::vector<Answer> answers;
    for (int i = 0; i < 6; ++i) answers.push_back(queue.submit(picture(i), {}));
    all_there.count_down();
    for (int i = 0; i < 6; ++i) {
        const Result<Vector> answer = answers[static_cast<std::size_t>(i)].get();
        EXPECT_EQ(answer.has_value(), i != 3) << i;
    }
}

TEST(EmbeddingQueue, AStoppedOneIsAnsweredAndNotComputed) {
    std::latch begun(1);
    std::latch stopped(1);
    FakeEmbedder embedder;
    bool first = true;
    embedder.before_batch = [&] {
        if (std::exchange(first, false)) {
            begun.count_down();
            stopped.wait();
        }
    };
    EmbeddingQueue queue(embedder, Limits{});
    Answer running = queue.submit(picture(0), {});
    begun.wait();
    std::stop_source stop;
    Answer waiting = queue.submit(picture(1), stop.get_token());
    stop.request_stop();
    stopped.count_down();
    EXPECT_TRUE(running.get().has_value());
    EXPECT_EQ(waiting.get().error().code, ErrorCode::cancelled);
    EXPECT_EQ(embedder.batches, std::vector<std::size_t>{1});
}

TEST(EmbeddingQueue, WhenTooManyWaitTheNextIsToldSo) {
    std::latch begun(1);
    std::latch full(1);
    FakeEmbedder embedder;
    bool first = true;
    embedder.before_batch = [&] {
        if (std::exchange(first, false)) {
            begun.count_down();
            full.wait();
        }
    };
    EmbeddingQueue queue(embedder, {.inbox_max = 2});
    std::vector<Answer> answers;
    answers.push_back(queue.submit(picture(0), {}));
    begun.wait();
    for (int i = 1; i < 4; ++i) answers.push_back(queue.submit(picture(i), {}));
    full.count_down();
    EXPECT_TRUE(answers[2].get().has_value());
    EXPECT_EQ(answers[3].get().error().code, ErrorCode::overloaded);
}

}  // namespace
}  // namespace vignette
