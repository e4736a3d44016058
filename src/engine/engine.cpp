#include "engine/engine.h"

#include "core/stop.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <ranges>
#include <utility>

#include "engine/request_check.h"
#include "engine/scheduler.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int admissions_per_step_max = 8;
constexpr int tokens_beside_others_max = 1024;  // read in a step for which others wait
constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace

// There is room for all tokens, so the engine never waits for a listener.
void Engine::Submission::stream(TokenId token) {
    if (!tokens) return;
    const bool streamed = tokens->try_push(token);
    ASSERT(streamed);
}

void Engine::Running::stream() {
    if (!submission.tokens) return;
    for (const TokenId token : sequence.settled().subspan(streamed)) {
        submission.stream(token);
        ++streamed;
    }
}

bool Engine::Submission::asks_the_same(const Submission& other) const {
    return request.pictures == other.request.pictures && request.prompt == other.request.prompt;
}

// The only way out for a submission that was taken in.
void Engine::Submission::end(Result<Generation> result) {
    if (tokens) tokens->close();
    answer.set_value(std::move(result));
}

Engine::Engine(Model& model, const Limits& limits, MakeRoom make_room)
    : model_(model),
      shape_(model.shape()),
      make_room_(std::move(make_room)),
      waiting_max_(static_cast<int>(limits.inbox_max)),
      inbox_(limits.inbox_max),
      slots_(shape_.slots),
      admissions_max_(admissions_per_step_max),
      company_max_(no_limit),
      thread_([this](const std::stop_token& stop) { loop(stop); }) {}

Engine::~Engine() {
    inbox_.close();  // first: what slips in after the last look would never be answered
    thread_.request_stop();
}

Result<Generation> Engine::generate(GenerationRequest request, const OnToken& on_token) {
    TRY(check(request, shape_));
    const std::stop_token stop = request.stop;
    TRY(unless_stopped(stop));
    std::shared_ptr<Channel<TokenId>> tokens;
    if (on_token && request.rules.num_beams == 1)
        tokens = std::make_shared<Channel<TokenId>>(static_cast<std::size_t>(request.rules.max_length));
    Submission submission{
        .request = std::move(request), .answer = {}, .arrived = Clock::now(), .tokens = tokens
    };
    std::future<Result<Generation>> answer = submission.answer.get_future();
    if (!enter(std::move(submission))) {
        return fail(
            ErrorCode::overloaded, "too many pictures are waiting for the model; try again in a moment"
        );
    }
    while (const std::optional<TokenId> token = tokens ? tokens->pop() : std::nullopt) {
        TRY(unless_stopped(stop));  // a slow listener may be far behind
        on_token(*token);
    }
    return answer.get();
}

bool Engine::enter(Submission submission) {
    const MutexLock lock(door_);  // anyone turned away can rely on all earlier callers being inside
    if (waiting_count_ >= waiting_max_) return false;
    ++waiting_count_;
    if (inbox_.try_push(std::move(submission))) return true;
    --waiting_count_;
    return false;
}

// Waits for work, then runs steps until there is none. One turn: receive, forget the cancelled, admit, step.
void Engine::loop(const std::stop_token& stop) {
    while (!stop.stop_requested() && receive()) {
        drop_cancelled();
        admit();
        if (running_.empty()) continue;
        const Result<void> done = step(true);
        if (!done && !made_room_after(done.error())) isolate(done.error());
    }
    while (std::optional<Submission> late = inbox_.try_pop()) late->end(std::unexpected(cancelled()));
    for (Submission& one : waiting_) one.end(std::unexpected(cancelled()));
    finish_all(cancelled());
}

// False once the inbox is closed and nothing is left to do.
bool Engine::receive() {
    if (running_.empty() && waiting_.empty()) {
        std::optional<Submission> first = inbox_.pop();
        if (!first) return false;
        waiting_.push_back(std::move(*first));
    }
    while (std::optional<Submission> more = inbox_.try_pop()) waiting_.push_back(std::move(*more));
    return true;
}

void Engine::drop_cancelled() {
    std::erase_if(waiting_, [this](Submission& one) {
        if (!one.request.stop.stop_requested()) return false;
        --waiting_count_;
        one.end(std::unexpected(cancelled()));
        return true;
    });
    running_.remove_if([](Running& run) {
        if (!run.submission.request.stop.stop_requested()) return false;
        run.submission.end(std::unexpected(cancelled()));
        return true;
    });
}

void Engine::admit() {
    if (running_.size() >= company_max_) return;
    company_max_ = no_limit;
    std::vector<Waiting> waiting;
    for (const Submission& one : waiting_ | std::views::take(admissions_per_step_max)) {
        const bool again = !waiting.empty() && one.asks_the_same(waiting_[waiting.size() - 1]);
        const auto tokens = again ? 0 : static_cast<int>(one.request.prompt.size());
        waiting.push_back({.slots = one.request.rules.num_beams, .tokens = tokens});
    }
    const auto fresh = static_cast<int>(std::ranges::count_if(running_, &Running::fresh));
    AdmissionView view{
        .waiting = waiting, .free_slots = slots_.free(), .admissions_max = admissions_max_ - fresh
    };
    if (std::cmp_less(fresh, running_.size())) view.tokens_max = tokens_beside_others_max;
    int count = count_admissible(view);
    for (; count > 0; --count) {
        Submission next = std::move(waiting_.front());
        waiting_.pop_front();
        --waiting_count_;
        start(std::move(next));
    }
}

void Engine::start(Submission submission) {
    std::optional<SlotLease> lease = slots_.lend(submission.request.rules.num_beams);
    ASSERT(lease.has_value());
    Sequence sequence(submission.request, std::move(*lease), shape_.vocabulary);
    if (const Result<void> begun = sequence.begin(); !begun) {
        submission.end(std::unexpected(begun.error()));
        return;
    }
    Generation made{};
    made.queue = since(submission.arrived);
    running_.push_back(
        {.submission = std::move(submission),
         .sequence = std::move(sequence),
         .made = std::move(made),
         .admitted = Clock::now()}
    );
}

// Admissions come first in a plan and in its result.
Result<void> Engine::step(bool with_newcomers) {
    StepPlan plan;
    std::vector<Running*> planned;
    for (Running& run : running_) {
        if (!run.fresh || !with_newcomers) continue;
        run.sequence.plan_admission(plan);
        planned.push_back(&run);
    }
    for (Running& run : running_) {
        if (run.fresh) continue;
        run.sequence.plan_decode(plan);
        planned.push_back(&run);
    }
    apply(TRY(model_.step(plan)), planned);
    recover();
    return {};
}

// After a while without failure one more newcomer is tried than went well so far.
void Engine::recover() {
    constexpr int calm_steps_min = 64;
    if (admissions_max_ == admissions_per_step_max || ++calm_steps_ < calm_steps_min) return;
    ++admissions_max_;
    calm_steps_ = 0;
}

void Engine::apply(StepResult result, std::span<Running* const> planned) {
    ASSERT(result.candidates.size() == planned.size());
    for (std::size_t i = 0; i < planned.size(); ++i) {
        Running& run = *planned[i];
        if (run.fresh) {
            run.made.vision = result.vision;
            run.made.prefill = result.prefill;
            run.admitted = Clock::now();
            run.fresh = false;
            run.submission.request.pictures.clear();  // read; the next ones may need the memory
        }
        ++run.steps;
        run.company += planned.size();
        const Result<void> taken = run.sequence.advance(result.candidates[i]);
        if (taken) run.stream();
        if (run.sequence.finished()) finish(run, taken);
    }
    running_.remove_if([](const Running& run) { return run.sequence.finished(); });
}

// What is kept for later gives way before anything that runs does. The next turn tries the step again.
bool Engine::made_room_after(const Error& error) const {
    return error.code == ErrorCode::out_of_memory && make_room_ && make_room_();
}

// A step failed as a whole. As long as there are newcomers, it is tried again with half of them, so that
// memory suffices, or the one that cannot be computed is found.
void Engine::isolate(const Error& error) {
    if (error.code == ErrorCode::device_lost) return end_all(error);
    std::vector<std::list<Running>::iterator> fresh;
    for (auto run = running_.begin(); run != running_.end(); ++run) {
        if (run->fresh) fresh.push_back(run);
    }
    if (fresh.empty()) return fail_running(error);
    if (fresh.size() == 1) return part_with(fresh.front(), error);
    const std::size_t keep = fresh.size() / 2;
    for (std::size_t i = fresh.size(); i > keep; --i) wait_again(fresh[i - 1]);
    admissions_max_ = static_cast<int>(keep);
    calm_steps_ = 0;
}

// Is the last newcomer to blame? The step of the others without it decides. If that fails too, it is
// innocent, and nothing that runs can go on. Where only memory was short, it waits until one of the others
// has ended.
void Engine::part_with(std::list<Running>::iterator newcomer, const Error& error) {
    const std::size_t others = running_.size() - 1;
    if (others == 0) return finish_all(error);
    if (const Result<void> done = step(false); !done) {
        wait_again(newcomer);
        return fail_running(done.error());
    }
    if (error.code == ErrorCode::out_of_memory) {
        wait_again(newcomer);
        company_max_ = others;
        return;
    }
    newcomer->submission.end(std::unexpected(error));
    running_.erase(newcomer);
}

void Engine::wait_again(std::list<Running>::iterator newcomer) {
    ++waiting_count_;
    waiting_.push_front(std::move(newcomer->submission));
    running_.erase(newcomer);
}

// Nothing will ever be computed again. Who comes later is told by a step of his own.
void Engine::end_all(const Error& error) {
    finish_all(error);
    waiting_count_ -= static_cast<int>(waiting_.size());
    for (Submission& one : waiting_) one.end(std::unexpected(error));
    waiting_.clear();
}

// A step of those that run failed. Where only memory was short, the newest gives way, and the next turn tries
// the step of the others.
void Engine::fail_running(const Error& error) {
    if (error.code != ErrorCode::out_of_memory) return finish_all(error);
    running_.back().submission.end(std::unexpected(error));
    running_.pop_back();
}

void Engine::finish_all(const Error& error) {
    for (Running& run : running_) run.submission.end(std::unexpected(error));
    running_.clear();
}

void Engine::finish(Running& run, const Result<void>& taken) {
    if (!taken) return run.submission.end(std::unexpected(taken.error()));
    run.made.decoded = run.sequence.decoded();
    run.made.decode_steps = since(run.admitted);
    run.made.batch = static_cast<double>(run.company) / static_cast<double>(run.steps);
    run.submission.end(std::move(run.made));
}

}  // namespace vignette
