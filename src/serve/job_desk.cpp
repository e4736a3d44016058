#include "serve/job_desk.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "core/stop.h"
#include "core/stopwatch.h"

namespace vignette {
namespace {

// Of every so many tasks one is of low priority, however many others wait.
constexpr std::size_t turns_of_low = 8;

Error shutting_down() {
    return {
        .code = ErrorCode::shutting_down,
        .message = "the server is shutting down; send the job again to another one, or later",
        .field = {}
    };
}

}  // namespace

struct JobDesk::Running {
    Running(DeskJob handed_in, JobHooks hooks)
        : job(std::move(handed_in)),
          id(job.request.id),
          origin(job.request.origin),
          work(std::in_place, std::move(job.request), std::move(hooks)),
          tasks(work->tasks()) {}

    DeskJob job;
    const JobId id;
    const Origin origin;
    const std::chrono::system_clock::time_point began = std::chrono::system_clock::now();
    std::optional<JobWork> work;  // until it is known that nobody will do it
    const std::size_t tasks;
    std::deque<std::size_t> ready;  // tasks; it is in the line while there are any
    std::size_t next_fetch = 0;     // the first task that nobody has begun to fetch
    std::size_t fetching = 0;
    bool runs = false;
    bool is_begun() const { return runs || next_fetch > 0; }
    Line::iterator held;  // where it is among those that are held
    std::optional<std::stop_callback<std::function<void()>>> on_stop;
};

JobDesk::~JobDesk() {
    stop_all();
    join();
}

void JobDesk::join() {
    std::unique_ptr<ThreadPool> fetchers;
    {
        const MutexLock lock(mutex_);
        fetchers = std::move(fetchers_);
    }
    fetchers.reset();
    for (std::jthread& thread : crew_) thread.request_stop();
    {
        const MutexLock lock(mutex_);
        waiting_.notify_all();
    }
    crew_.clear();
}

void JobDesk::open(Captioner& captioner, int threads) {
    {
        const MutexLock lock(mutex_);
        captioner_ = &captioner;
        places_ = static_cast<std::size_t>(std::max(threads, 1));
        fetchers_ = std::make_unique<ThreadPool>(fetching_threads);
        for (const auto& job : held_) fetch_more(job);
    }
    for (int i = 0; i < threads; ++i)
        crew_.emplace_back([this](const std::stop_token& ending) { work(ending); });
}

bool JobDesk::is_open() const {
    const MutexLock lock(mutex_);
    return captioner_ != nullptr;
}

std::chrono::milliseconds JobDesk::predicted_wait() const {
    const std::size_t rounds = tasks_waiting_ / places_;
    return std::chrono::milliseconds(static_cast<std::int64_t>(task_ms_ * static_cast<double>(rounds)));
}

Result<void> JobDesk::check_room(const DeskJob& job) {
    if (closed_) return std::unexpected(shutting_down());
    if (job.was_accepted) return {};
    const bool full = held_.size() >= bounds_.jobs_max || bytes_ + job.bytes > bounds_.bytes_max ||
                      predicted_wait() > bounds_.wait_max;
    if (!full) return {};
    ++counts_.refused;
    return fail(
        ErrorCode::overloaded,
        "the server has as many jobs as it can hold; try again after the time in Retry-After"
    );
}

Result<void> JobDesk::submit(DeskJob job) {
    const JobId own{std::to_string(++numbered_)};
    const auto sign = [&](Job& one) {
        one.tenant = job.tenant;
        one.id = own;  // by which they take turns: clients need not give any, or give the same
    };
    for (Item& item : job.request.items)
        if (item.job) sign(*item.job);
    if (job.request.film) sign(job.request.film->frame_job);
    JobHooks hooks{
        .on_event = job.on_event,
        .on_progress = job.on_progress,
        .explain = [this](const Error& error) { return explain(error); },
    };
    const auto running = std::make_shared<Running>(std::move(job), std::move(hooks));
    Line parting;  // destroyed after the lock
    {
        const MutexLock lock(mutex_);
        parting.swap(parting_);
        TRY(check_room(running->job));
        running->held = held_.insert(held_.end(), running);
        bytes_ += running->job.bytes;
        tasks_waiting_ += running->tasks;
        if (running->work->fetches()) {
            fetch_more(running);
        } else {
            for (std::size_t i = 0; i < running->tasks; ++i) get_ready(running, i);
            waiting_.notify_one();
        }
    }
    running->on_stop.emplace(running->job.stop.get_token(), [this, weak = std::weak_ptr(running)] {
        if (auto stopped = weak.lock()) leave_line(std::move(stopped));
    });
    return {};
}

// A job that nobody has begun need not wait for its turn to be told that it was stopped.
void JobDesk::leave_line(std::shared_ptr<Running> job) {
    {
        const MutexLock lock(mutex_);
        if (job->is_begun()) {
            if (job->work->fetches()) end_early(job);
            parting_.push_back(std::move(job));
            return;
        }
        job->ready.clear();
        job->next_fetch = job->tasks;
        tasks_waiting_ -= job->tasks;
        std::erase(lines_[static_cast<std::size_t>(job->job.priority)], job);
    }
    job->work.reset();  // its pictures need no memory until somebody takes it from parting_
    const Error error = explain(cancelled());
    Answer none;
    none.items.push_back({.id = {}, .outcome = std::unexpected(error), .same_as = {}});
    settle(*job, none, std::unexpected(error));
    const MutexLock lock(mutex_);
    parting_.push_back(std::move(job));
}

// Nor one whose tasks wait for a place: they end at once, and need none.
void JobDesk::end_early(const std::shared_ptr<Running>& job) {
    std::erase(lines_[static_cast<std::size_t>(job->job.priority)], job);
    std::deque<std::size_t> rest = std::exchange(job->ready, {});
    while (job->next_fetch < job->tasks) rest.push_back(job->next_fetch++);
    for (const std::size_t index : rest) {
        const auto end_it = [this, job, index, captioner = captioner_] { run({job, index}, captioner); };
        if (fetchers_ && fetchers_->add(end_it)) {
            take_in_work();
        } else {
            get_ready(job, index);
        }
    }
}

Error JobDesk::explain(const Error& error) const {
    return error.code == ErrorCode::cancelled && shutting_down_ ? shutting_down() : error;
}

JobDesk::Task JobDesk::next_task() {
    const bool low = lines_[0].empty() || (!lines_[1].empty() && served_in_a_row_ + 1 >= turns_of_low);
    served_in_a_row_ = low || lines_[1].empty() ? 0 : served_in_a_row_ + 1;
    Line& line = lines_[low ? 1 : 0];
    Task task{.job = line.front(), .index = line.front()->ready.front()};
    task.job->ready.pop_front();
    if (task.job->ready.empty()) {
        line.pop_front();
    } else {
        line.splice(line.end(), line, line.begin());
    }
    fetch_more(task.job);
    take_in_work();
    task.first = begin(*task.job);
    return task;
}

// True if nobody has done so before.
bool JobDesk::begin(Running& job) {
    if (std::exchange(job.runs, true)) return false;
    ++counts_.running;
    return true;
}

void JobDesk::take_in_work() {
    --tasks_waiting_;
    if (counts_.pictures_running++ == 0) busy_since_ = std::chrono::steady_clock::now();
}

void JobDesk::get_ready(const std::shared_ptr<Running>& job, std::size_t index) {
    if (job->ready.empty()) lines_[static_cast<std::size_t>(job->job.priority)].push_back(job);
    job->ready.push_back(index);
}

// What is fetched and waits for a place counts, too: its bytes take memory.
void JobDesk::fetch_more(const std::shared_ptr<Running>& job) {
    if (!fetchers_ || !job->work->fetches()) return;
    while (job->next_fetch < job->tasks && job->fetching + job->ready.size() < JobWork::fetches_at_once_max) {
        ++job->fetching;
        fetchers_->add([this, job, index = job->next_fetch++] { fetch({job, index}); });
    }
}

void JobDesk::fetch(const Task& task) {
    Running& job = *task.job;
    const auto [first, captioner] = [&] {
        const MutexLock lock(mutex_);
        return std::pair(begin(job), captioner_);
    }();
    if (first && job.job.on_start) job.job.on_start();
    job.work->fetch(task.index, captioner, job.job.stop.get_token());
    {
        const MutexLock lock(mutex_);
        --job.fetching;
        if (!job.job.stop.stop_requested()) {
            get_ready(task.job, task.index);
            waiting_.notify_one();
            return;
        }
        take_in_work();
    }
    run(task, captioner);
}

void JobDesk::work(const std::stop_token& ending) {
    while (true) {
        Task task;
        Captioner* captioner = nullptr;
        Line parting;  // destroyed after the lock
        {
            MutexLock lock(mutex_);
            waiting_.wait(lock, [&]() REQUIRES(mutex_) {
                return ending.stop_requested() || anything_waits();
            });
            parting.swap(parting_);
            if (!anything_waits()) return;
            task = next_task();
            if (anything_waits()) waiting_.notify_one();  // one wakes the next: most have nothing to do
            captioner = captioner_;
        }
        run(task, captioner);
    }
}

void JobDesk::run(const Task& task, Captioner* captioner) {
    Running& job = *task.job;
    if (task.first && job.job.on_start) job.job.on_start();
    const Stopwatch watch;
    const bool last = job.work->run(task.index, captioner, job.job.stop.get_token());
    task_done(watch.total());
    if (!last) return;
    Stopwatch writing;
    const Result<std::string> output = job.work->finish();
    settle(job, job.work->answer(), output, writing.lap());
}

void JobDesk::task_done(std::chrono::microseconds took) {
    constexpr double newest = 0.1;
    const double ms = static_cast<double>(took.count()) / 1000;
    const MutexLock lock(mutex_);
    if (--counts_.pictures_running == 0) counts_.busy += std::chrono::steady_clock::now() - busy_since_;
    task_ms_ = task_ms_ == 0 ? ms : task_ms_ + newest * (ms - task_ms_);
}

// Answers first: who waits for the desk to be idle must find every answer given.
void JobDesk::settle(
    Running& job, const Answer& answer, const Result<std::string>& output, std::chrono::microseconds post
) {
    if (watch_) {
        watch_({
            .answer = answer,
            .origin = job.origin,
            .id = job.id,
            .began = job.began,
            .succeeded = output.has_value(),
            .post = post,
        });
    }
    job.job.on_done(answer, output);
    const MutexLock lock(mutex_);
    bytes_ -= job.job.bytes;
    ++(output ? counts_.done : counts_.failed);
    if (job.runs) --counts_.running;
    held_.erase(job.held);  // its caller holds it, too
    if (held_.empty()) idle_.notify_all();
}

JobDesk::Load JobDesk::load() const {
    const MutexLock lock(mutex_);
    Load load = counts_;
    load.waiting = held_.size() - load.running;
    load.predicted_wait = predicted_wait();
    if (captioner_ != nullptr) load.pictures_at_once = places_;
    if (load.pictures_running > 0) load.busy += std::chrono::steady_clock::now() - busy_since_;
    if (captioner_ != nullptr) load.caches = captioner_->caches();
    return load;
}

void JobDesk::close() {
    const MutexLock lock(mutex_);
    closed_ = true;
}

bool JobDesk::wait_until_idle(std::chrono::steady_clock::time_point deadline) {
    MutexLock lock(mutex_);
    return idle_.wait_until(lock, deadline, [this]() REQUIRES(mutex_) { return held_.empty(); });
}

void JobDesk::stop_all() {
    shutting_down_ = true;
    std::vector<std::shared_ptr<Running>> jobs;
    {
        const MutexLock lock(mutex_);
        closed_ = true;
        jobs.assign(held_.begin(), held_.end());
    }
    for (const auto& job : jobs) job->job.stop.request_stop();
}

}  // namespace vignette
