// A request that came through the queue; what is answered goes back there. Any thread.
//
// Its events: A and a whole answer, H and the head of one in pieces, P and a piece. docs/scale.md
#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <utility>

#include "net/server/exchange.h"
#include "queue/request_text.h"
#include "queue/sender.h"

namespace vignette {

class QueueExchange final : public Exchange {
public:
    QueueExchange(std::string id, ServedRequest request, std::stop_token gone, QueueSender& sender)
        : id_(std::move(id)), request_(std::move(request)), gone_(std::move(gone)), sender_(sender) {}
    QueueExchange(const QueueExchange&) = delete;
    QueueExchange& operator=(const QueueExchange&) = delete;
    ~QueueExchange() override {
        if (!ended_) sender_.finish(id_, {.state = JobState::failed, .output = {}, .error = "not answered"});
    }

    const ServedRequest& request() const override { return request_; }
    std::string take_body() override { return std::move(request_.body); }
    void answer(ServedResponse response) override {
        sender_.say(id_, "A" + response_text(response));
        end();
    }
    void begin(ServedResponse head) override { sender_.say(id_, "H" + response_text(head)); }
    void write(std::string piece) override {
        if (!piece.empty()) sender_.say(id_, "P" + piece);
    }
    void end() override {
        if (!ended_.exchange(true)) sender_.finish(id_, {});
    }
    std::stop_token gone() const override { return gone_; }

private:
    const std::string id_;
    ServedRequest request_;
    const std::stop_token gone_;
    QueueSender& sender_;
    std::atomic<bool> ended_ = false;
};

}  // namespace vignette
