#include "engine/engine.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/scheduler.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr int admissions_per_step_max = 8;

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
}

Error cancelled() { return {.code = ErrorCode::cancelled, .message = "the job was stopped", .field = {}}; }

Result<void> check(const GenerationRequest& request, const ModelShape& shape) {
    ASSERT(request.pixels != nullptr);
    ASSERT(!request.prompt.empty());
    const DecodingRules& rules = request.rules;
    if (rules.num_beams > shape.slots) {
        return fail(
            ErrorCode::invalid_input, "num_beams is " + std::to_string(rules.num_beams) +
                                          " and this engine has " + std::to_string(shape.slots) +
                                          " slots; ask for fewer beams"
        );
    }
    // The last new token is never written, hence "- 1".
    const auto needed = static_cast<int>(request.prompt.size()) + rules.max_length - 1;
    if (needed > shape.positions) {
        return fail(
            ErrorCode::prompt_too_long,
            "picture, prompt and caption need " + std::to_string(needed) + " positions and the model has " +
                std::to_string(shape.positions) + "; send a shorter prompt or a smaller max_length"
        );
    }
    return {};
}

}  // namespace

Engine::Engine(Model& model, const Limits& limits)
    : model_(model),
      shape_(model.shape()),
      waiting_max_(limits.inbox_max),
      inbox_(limits.inbox_max),
      slots_(shape_.slots),
      admissions_max_(admissions_per_step_max),
      thread_([this](const std::stop_token& stop) { loop(stop); }) {}

Engine::~Engine() {
    inbox_.close();  // first: what slips in after the last look would never be answered
    thread_.request_stop();
}

Result<Generation> Engine::generate(GenerationRequest request) {
    TRY(check(request, shape_));
    if (request.stop.stop_requested()) return std::unexpected(cancelled());
    Submission submission{.request = std::move(request), .answer = {}, .arrived = Clock::now()};
    std::future<Result<Generation>> answer = submission.answer.get_future();
    if (!inbox_.try_push(std::move(submission))) {
        return fail(
            ErrorCode::overloaded, "too many pictures are waiting for the model; try again in a moment"
        );
    }
    return answer.get();
}

// Waits for work, then runs steps until there is none. One turn: receive, forget the cancelled, admit, step.
void Engine::loop(const std::stop_token& stop) {
    while (!stop.stop_requested() && receive()) {
        drop_cancelled();
        admit();
        if (!running_.empty()) step();
    }
    while (std::optional<Submission> late = inbox_.try_pop())
        late->answer.set_value(std::unexpected(cancelled()));
    for (Submission& one : waiting_) one.answer.set_value(std::unexpected(cancelled()));
    finish_all(cancelled());
}

// False once the inbox is closed and nothing is left to do.
bool Engine::receive() {
    if (running_.empty() && waiting_.empty()) {
        std::optional<Submission> first = inbox_.pop();
        if (!first) return false;
        waiting_.push_back(std::move(*first));
    }
    while (waiting_.size() < waiting_max_) {  // the rest stays in the inbox, whose bound turns clients away
        std::optional<Submission> more = inbox_.try_pop();
        if (!more) break;
        waiting_.push_back(std::move(*more));
    }
    return true;
}

void Engine::drop_cancelled() {
    std::erase_if(waiting_, [](Submission& one) {
        if (!one.request.stop.stop_requested()) return false;
        one.answer.set_value(std::unexpected(cancelled()));
        return true;
    });
    running_.remove_if([](Running& run) {
        if (!run.submission.request.stop.stop_requested()) return false;
        run.submission.answer.set_value(std::unexpected(cancelled()));
        return true;
    });
}

void Engine::admit() {
    std::vector<int> wanted;
    wanted.reserve(waiting_.size());
    for (const Submission& one : waiting_) wanted.push_back(one.request.rules.num_beams);
    const auto fresh = static_cast<int>(std::ranges::count_if(running_, &Running::fresh));
    int count = count_admissible(
        {.waiting_slots = wanted, .free_slots = slots_.free(), .admissions_max = admissions_max_ - fresh}
    );
    for (; count > 0; --count) {
        Submission next = std::move(waiting_.front());
        waiting_.pop_front();
        std::optional<SlotLease> lease = slots_.lend(next.request.rules.num_beams);
        ASSERT(lease.has_value());
        const auto length = static_cast<int>(next.request.prompt.size());
        Sequence sequence(next.request.rules, length, std::move(*lease));
        Generation made{};
        made.queue = since(next.arrived);
        running_.push_back(
            {.submission = std::move(next),
             .sequence = std::move(sequence),
             .made = made,
             .admitted = Clock::now()}
        );
    }
}

// Admissions stand first in a plan and in its result.
void Engine::step() {
    StepPlan plan;
    std::vector<Running*> planned;
    for (Running& run : running_) {
        if (!run.fresh) continue;
        run.sequence.plan_admission(plan, *run.submission.request.pixels, run.submission.request.prompt);
        planned.push_back(&run);
    }
    for (Running& run : running_) {
        if (run.fresh) continue;
        run.sequence.plan_decode(plan);
        planned.push_back(&run);
    }
    Result<StepResult> result = model_.step(plan);
    if (!result) return isolate(result.error());
    apply(std::move(*result), planned);
    if (plan.admissions.empty()) admissions_max_ = std::min(admissions_max_ + 1, admissions_per_step_max);
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
            run.submission.request.pixels.reset();  // read; the next picture may need the memory
        }
        run.sequence.take(result.candidates[i]);
        if (run.sequence.finished()) finish(run);
    }
    running_.remove_if([](const Running& run) { return run.sequence.finished(); });
}

// A step failed as a whole. Running sequences are innocent as long as there are newcomers: try the step again
// with half of them, so that memory suffices, or the one that cannot be computed is found and answered alone.
void Engine::isolate(const Error& error) {
    std::vector<std::list<Running>::iterator> fresh;
    for (auto run = running_.begin(); run != running_.end(); ++run) {
        if (run->fresh) fresh.push_back(run);
    }
    if (fresh.empty()) return finish_all(error);
    if (fresh.size() == 1) {
        fresh.front()->submission.answer.set_value(std::unexpected(error));
        running_.erase(fresh.front());
        return;
    }
    const std::size_t keep = fresh.size() / 2;
    for (std::size_t i = fresh.size(); i > keep; --i) {
        waiting_.push_front(std::move(fresh[i - 1]->submission));
        running_.erase(fresh[i - 1]);
    }
    admissions_max_ = static_cast<int>(keep);
}

void Engine::finish_all(const Error& error) {
    for (Running& run : running_) run.submission.answer.set_value(std::unexpected(error));
    running_.clear();
}

void Engine::finish(Running& run) {
    run.made.decoded = run.sequence.decoded();
    run.made.decode_steps = since(run.admitted);
    run.submission.answer.set_value(std::move(run.made));
}

}  // namespace vignette
