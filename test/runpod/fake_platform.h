// A platform for one test: a server on the loopback that answers by kind of request, and the worker's side of
// its addresses.
#pragma once

#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "fakes/http_server.h"
#include "runpod/platform.h"

namespace vignette {

class FakePlatform {
public:
    FakePlatform() : server_([this](const HeardRequest& request) { return answer(request); }) {
        platform.take_url = server_.url("/job-take/w1?gpu=x");
        platform.done_url = server_.url("/job-done/w1/$ID?gpu=x");
        platform.stream_url = server_.url("/job-stream/w1/$ID?gpu=x");
        platform.ping_url = server_.url("/ping/w1");
        platform.worker_id = "w1";
        platform.hostname = "host";
        platform.key = "key";
    }

    // The next answers to one kind of request, "job-done" say; afterwards the standing one, 200 without a
    // body.
    void plan(const std::string& kind, std::vector<ServerAnswer> answers) {
        const std::lock_guard lock(mutex_);
        planned_[kind].assign(answers.begin(), answers.end());
    }
    void always(const std::string& kind, ServerAnswer answer) {
        const std::lock_guard lock(mutex_);
        standing_[kind] = std::move(answer);
    }

    std::vector<HeardRequest> heard(const std::string& kind) const {
        std::vector<HeardRequest> matching;
        for (HeardRequest& request : server_.heard()) {
            if (request.target.starts_with("/" + kind + "/")) matching.push_back(std::move(request));
        }
        return matching;
    }
    void wait_for(std::size_t requests) const { server_.wait_for(requests); }

    Platform platform;

private:
    ServerAnswer answer(const HeardRequest& request) {
        const std::string kind = request.target.substr(1, request.target.find('/', 1) - 1);
        const std::lock_guard lock(mutex_);
        std::deque<ServerAnswer>& planned = planned_[kind];
        if (planned.empty()) return standing_[kind];
        ServerAnswer next = std::move(planned.front());
        planned.pop_front();
        return next;
    }

    std::mutex mutex_;
    std::map<std::string, std::deque<ServerAnswer>> planned_;
    std::map<std::string, ServerAnswer> standing_;
    HttpServer server_;  // last: its threads use the above
};

}  // namespace vignette
