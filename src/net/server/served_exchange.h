// An exchange whose owner speaks through a queue to the connection. Any thread.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>

#include "net/server/answer_queue.h"
#include "net/server/exchange.h"
#include "net/server/web_server.h"

namespace vignette {

class ServedExchange final : public Exchange {
public:
    ServedExchange(ServedRequest request, std::shared_ptr<AnswerQueue> queue, Refuse refuse)
        : request_(std::move(request)), queue_(std::move(queue)), refuse_(std::move(refuse)) {}
    ServedExchange(const ServedExchange&) = delete;
    ServedExchange& operator=(const ServedExchange&) = delete;
    ~ServedExchange() override {
        if (!queue_->begun())
            answer(refuse_(500, "the request was not answered; please report this", &request_));
        if (!queue_->ended()) end();
    }

    const ServedRequest& request() const override { return request_; }
    std::string take_body() override { return std::move(request_.body); }
    void answer(ServedResponse response) override {
        queue_->add({.kind = AnswerQueue::Part::Kind::whole, .response = std::move(response), .piece = {}});
    }
    void begin(ServedResponse head) override {
        queue_->add({.kind = AnswerQueue::Part::Kind::head, .response = std::move(head), .piece = {}});
    }
    void write(std::string piece) override {
        if (piece.empty()) return;
        queue_->add({.kind = AnswerQueue::Part::Kind::piece, .response = {}, .piece = std::move(piece)});
    }
    void end() override { queue_->add({.kind = AnswerQueue::Part::Kind::end, .response = {}, .piece = {}}); }
    std::stop_token gone() const override { return queue_->gone(); }

private:
    ServedRequest request_;
    const std::shared_ptr<AnswerQueue> queue_;
    const Refuse refuse_;
};

}  // namespace vignette
