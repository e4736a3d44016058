// A store on a desk with a captioner that does what a prompt says. Times that only a clock can bring about
// are brought about by hand where they are longer than a test may take: `webhooks` and `deadlines` are real.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <latch>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "fakes/fake_captioner.h"
#include "serve/job_store.h"

namespace vignette {

class StoreFixture : public testing::Test {
protected:
    struct Posted {
        std::string id, url, body;
    };

    StoreFixture() { make({}); }
    ~StoreFixture() override { end(); }

    void make(JobStore::Options options, JobDesk::Bounds bounds = {}) {
        end();
        options.policy = {
            .execution_time_min = std::chrono::milliseconds(1),
            .time_to_live_min = std::chrono::milliseconds(1)
        };
        options.worker = {.hostname = "host", .worker_id = "worker"};
        options.post_webhook =
            [this](const std::string& id, std::string url, std::string body, std::function<void()> done) {
                if (webhooks_are_delivered && done) done();
                const std::lock_guard lock(mutex_);
                posted_.push_back({id, std::move(url), std::move(body)});
            };
        ledger_ = options.ledger;
        deadlines = std::make_unique<Deadlines>();
        desk = std::make_unique<JobDesk>(bounds);
        store = std::make_unique<JobStore>(*desk, *deadlines, std::move(options));
    }

    Result<std::string> submit(std::string body, Submitted submitted) const {
        std::promise<Result<std::string>> accepted;
        store->submit(std::move(body), submitted, {}, [&](const Result<std::string>& id) {
            accepted.set_value(id);
        });
        return accepted.get_future().get();
    }

    void open(int threads = 2) { desk->open(captioner, threads); }
    void until_running(int calls) const {
        while (captioner.calls < calls) std::this_thread::yield();
    }

    static std::string job(const std::string& prompt, const std::string& more = {}) {
        return R"({"input":{"image":"QUJD","prompt":")" + prompt + '"' + (more.empty() ? "" : "," + more) +
               "}}";
    }

    JobStatus end_of(const std::string& id) const {
        std::latch ended(1);
        store->wait(id, Until::ended, JobStore::Clock::now() + std::chrono::seconds(20), [&] {
            ended.count_down();
        });
        ended.wait();
        return store->status(id).value();
    }

    JobStore::News next_news(const std::string& id) const {
        std::latch told(1);
        store->wait(id, Until::news, JobStore::Clock::now() + std::chrono::seconds(20), [&] {
            told.count_down();
        });
        told.wait();
        return store->take_news(id).value();
    }

    std::vector<Posted> posted() const {
        const std::lock_guard lock(mutex_);
        return posted_;
    }

    FakeCaptioner captioner;
    bool webhooks_are_delivered = true;
    std::unique_ptr<Deadlines> deadlines;
    std::unique_ptr<JobDesk> desk;
    std::unique_ptr<JobStore> store;

    void end() {
        if (!desk) return;
        desk->stop_all();
        desk->join();
        deadlines->stop();
        if (ledger_) ledger_->close();
        store.reset();
        desk.reset();
    }

private:
    mutable std::mutex mutex_;
    std::vector<Posted> posted_;
    JobLedger* ledger_ = nullptr;
};

}  // namespace vignette
