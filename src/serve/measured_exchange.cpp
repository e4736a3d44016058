#include "serve/measured_exchange.h"

#include <atomic>
#include <utility>

#include "core/stopwatch.h"

namespace vignette {
namespace {

class MeasuredExchange final : public Exchange {
public:
    MeasuredExchange(std::shared_ptr<Exchange> inner, std::string_view route, Metrics& metrics)
        : inner_(std::move(inner)), route_(route), metrics_(metrics) {}
    MeasuredExchange(const MeasuredExchange&) = delete;
    MeasuredExchange& operator=(const MeasuredExchange&) = delete;
    ~MeasuredExchange() override { note(status_ == 0 ? 500 : status_.load()); }  // 500: nobody answered it

    const ServedRequest& request() const override { return inner_->request(); }
    std::string take_body() override { return inner_->take_body(); }
    void answer(ServedResponse response) override {
        status_ = response.status;
        inner_->answer(std::move(response));
        note(status_);
    }
    void begin(ServedResponse head) override {
        status_ = head.status;
        inner_->begin(std::move(head));
    }
    void write(std::string piece) override { inner_->write(std::move(piece)); }
    void end() override {
        inner_->end();
        note(status_);
    }
    std::stop_token gone() const override { return inner_->gone(); }

private:
    void note(int status) {
        if (!noted_.exchange(true)) metrics_.note_answer(route_, status, watch_.total());
    }

    const std::shared_ptr<Exchange> inner_;
    const std::string_view route_;
    Metrics& metrics_;
    const Stopwatch watch_;
    std::atomic<int> status_ = 0;
    std::atomic<bool> noted_ = false;
};

}  // namespace

std::shared_ptr<Exchange> measured(
    std::shared_ptr<Exchange> exchange, std::string_view route, Metrics& metrics
) {
    return std::make_shared<MeasuredExchange>(std::move(exchange), route, metrics);
}

}  // namespace vignette
