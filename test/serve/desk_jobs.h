// Jobs for the desk, and what became of them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "serve/job_desk.h"

namespace vignette {

inline Job desk_picture(const std::string& prompt) {
    Job job;
    job.pictures.push_back({});
    job.options.prompt = prompt;
    return job;
}

inline Request one_picture(const std::string& prompt) {
    Request request;
    request.items.push_back({.id = {}, .job = desk_picture(prompt)});
    return request;
}

inline Request batch_of(const std::string& prompt, std::size_t pictures) {
    Request request;
    request.shape = AnswerShape::batch;
    for (std::size_t i = 0; i < pictures; ++i)
        request.items.push_back({.id = {}, .job = desk_picture(prompt)});
    return request;
}

inline Request by_address(Request request) {
    for (Item& item : request.items)
        for (PictureSource& picture : item.job->pictures) picture.source = RemotePicture{"http://slow/"};
    return request;
}

// How a job ended, as its functions are told. Shared, because a job may outlive its test's interest in it.
class Outcome {
public:
    void begin() { ++begun_; }
    void end(const Result<std::string>& output) {
        const std::lock_guard lock(mutex_);
        ++ends_;
        output_ = output;
        changed_.notify_all();
    }

    Result<std::string> wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return output_.has_value(); });
        return *output_;
    }
    int ends() const {
        const std::lock_guard lock(mutex_);
        return ends_;
    }
    int begun() const { return begun_; }

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::optional<Result<std::string>> output_;
    int ends_ = 0;
    std::atomic<int> begun_ = 0;
};

struct HandedIn {
    Result<void> accepted;
    std::stop_source stop;
    std::shared_ptr<Outcome> outcome;
};

struct JobTraits {
    Priority priority = Priority::normal;
    std::size_t bytes = 0;
};

inline HandedIn hand_in(JobDesk& desk, Request request, JobTraits traits = {}) {
    const std::stop_source stop;
    const auto outcome = std::make_shared<Outcome>();
    Result<void> accepted = desk.submit({
        .request = std::move(request),
        .stop = stop,
        .priority = traits.priority,
        .bytes = traits.bytes,
        .on_start = [outcome] { outcome->begin(); },
        .on_event = {},
        .on_progress = {},
        .on_done = [outcome](const Answer&, const Result<std::string>& output) { outcome->end(output); },
    });
    return {std::move(accepted), stop, outcome};
}

}  // namespace vignette
