#include "engine/engine.h"

#include "core/stop.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "engine/admission/scheduler.h"
#include "engine/request_check.h"
#include "vignette/invariant.h"

namespace vignette {
namespace {

constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();

std::chrono::microseconds since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - start);
}

}  // namespace

void Engine::Running::stream() {
    if (!call.tokens) return;
    for (const TokenId token : sequence.settled().subspan(streamed)) {
        call.stream(token);
        ++streamed;
    }
}

Engine::Engine(Model& model, const Limits& limits, const Batching& batching, MakeRoom make_room)
    : model_(model),
      shape_(model.shape()),
      most_together_(batching.most),
      make_room_(std::move(make_room)),
      line_({
          .most = limits.inbox_max,
          .ahead_max = shape_.sees_ahead ? static_cast<std::size_t>(batching.most) : 0,
          .company = static_cast<std::size_t>(batching.most),
          .company_wait = batching.wait,
      }),
      slots_(shape_.slots),
      admissions_max_(batching.most),
      company_max_(no_limit),
      viewer_([this] { look_ahead(); }),
      thread_([this](const std::stop_token& stop) { loop(stop); }) {}

Engine::~Engine() {
    line_.close();  // first: what slips in after the last look would never be answered
    thread_.request_stop();
}

Result<Generation> Engine::generate(GenerationRequest request, const OnToken& on_token) {
    TRY(check(request, shape_));
    const std::stop_token stop = request.stop;
    TRY(unless_stopped(stop));
    std::shared_ptr<Channel<TokenId>> tokens;
    if (on_token && request.rules.num_beams == 1)
        tokens = std::make_shared<Channel<TokenId>>(static_cast<std::size_t>(request.rules.max_length));
    GenerationCall call{
        .request = std::move(request), .answer = {}, .arrived = Clock::now(), .tokens = tokens, .looked = {}
    };
    std::future<Result<Generation>> answer = call.answer.get_future();
    if (!line_.enter(std::move(call))) {
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

// Waits for work, then runs steps until there is none. One turn: forget the cancelled, admit, step.
void Engine::loop(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        line_.set_busy(!running_.empty());
        if (running_.empty() && !line_.wait()) break;
        drop_cancelled();
        admit();
        if (running_.empty()) continue;
        line_.set_busy(true);
        const Result<void> done = step(true);
        if (!done && !made_room_after(done.error())) isolate(done.error());
    }
    end_all(cancelled());
}

// What cannot be seen ahead is left to the step, which finds out whose fault it is.
void Engine::look_ahead() {
    while (const std::optional<WaitingLine::Pictures> pictures = line_.next_to_see())
        line_.seen(model_.see(*pictures).value_or(std::chrono::microseconds{0}));
}

void Engine::drop_cancelled() {
    for (GenerationCall& one : line_.take_cancelled()) one.end(std::unexpected(cancelled()));
    running_.remove_if([](Running& run) {
        if (!run.call.request.stop.stop_requested()) return false;
        run.call.end(std::unexpected(cancelled()));
        return true;
    });
}

void Engine::admit() {
    if (running_.size() >= company_max_) return;
    company_max_ = no_limit;
    auto fresh = std::ranges::count_if(running_, &Running::fresh);
    for (; fresh < admissions_max_; ++fresh) {
        std::optional<GenerationCall> next = line_.take_if([this](const GenerationCall& one) {
            return one.request.rules.num_beams <= slots_.free();
        });
        if (!next) return;
        start(*std::move(next));
    }
}

void Engine::start(GenerationCall call) {
    std::optional<SlotLease> lease = slots_.lend(call.request.rules.num_beams);
    ASSERT(lease.has_value());
    Sequence sequence(call.request, std::move(*lease), shape_.vocabulary);
    if (const Result<void> begun = sequence.begin(); !begun) {
        call.end(std::unexpected(begun.error()));
        return;
    }
    Generation made{};
    made.vision = call.looked;
    made.queue = since(call.arrived) - made.vision;
    running_.push_back(
        {.call = std::move(call),
         .sequence = std::move(sequence),
         .made = std::move(made),
         .admitted = Clock::now()}
    );
}

// Admissions come first in a plan and in its result.
Result<void> Engine::step(bool with_newcomers) {
    Planned step;
    if (with_newcomers) plan_newcomers(step);
    for (Running& run : running_) {
        if (run.fresh) continue;
        run.sequence.plan_decode(step.plan);
        step.chosen.push_back(&run);
    }
    apply(TRY(model_.step(step.plan)), step);
    recover();
    return {};
}

void Engine::plan_newcomers(Planned& step) {
    std::vector<Running*> fresh;
    std::vector<Unread> unread;
    for (Running& run : running_) {
        if (!run.fresh) continue;
        const bool same = !fresh.empty() && run.call.asks_the_same(fresh.back()->call);
        unread.push_back({.tokens = static_cast<int>(run.call.request.prompt.size()) - run.read, .same = same}
        );
        fresh.push_back(&run);
    }
    const bool others_wait = fresh.size() < running_.size();
    const std::vector<int> counts = plan_reading(
        unread,
        {.tokens_max = others_wait ? shape_.tokens_beside_others : 0, .in_parts = shape_.reads_in_parts}
    );
    for (std::size_t i = 0; i < fresh.size() && counts[i] > 0; ++i) {
        if (counts[i] < unread[i].tokens) {
            fresh[i]->sequence.plan_part(step.plan, fresh[i]->read, counts[i]);
            step.parts.emplace_back(fresh[i], counts[i]);
        } else {
            fresh[i]->sequence.plan_admission(step.plan, fresh[i]->read);
            step.chosen.push_back(fresh[i]);
        }
    }
}

// After a while without failure one more newcomer is tried than went well so far.
void Engine::recover() {
    constexpr int calm_steps_min = 64;
    if (admissions_max_ == most_together_ || ++calm_steps_ < calm_steps_min) return;
    ++admissions_max_;
    calm_steps_ = 0;
}

void Engine::apply(StepResult result, const Planned& step) {
    ASSERT(result.candidates.size() == step.chosen.size());
    for (const auto& [run, count] : step.parts) {
        run->read += count;
        run->made.vision += result.vision;
        run->made.prefill += result.prefill;
    }
    for (std::size_t i = 0; i < step.chosen.size(); ++i) {
        Running& run = *step.chosen[i];
        if (run.fresh) {
            run.made.vision += result.vision;
            run.made.prefill += result.prefill;
            run.admitted = Clock::now();
            run.fresh = false;
            run.call.request.pictures.clear();  // read; the next ones may need the memory
        }
        ++run.steps;
        run.company += step.chosen.size();
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
    newcomer->call.end(std::unexpected(error));
    running_.erase(newcomer);
}

void Engine::wait_again(std::list<Running>::iterator newcomer) {
    GenerationCall call = std::move(newcomer->call);
    running_.erase(newcomer);
    line_.take_back(std::move(call));
}

// Nothing will ever be computed again. Who comes later is told by a step of his own.
void Engine::end_all(const Error& error) {
    std::vector<GenerationCall> waiting = line_.take_all();  // before anybody hears of it and comes again
    finish_all(error);
    for (GenerationCall& one : waiting) one.end(std::unexpected(error));
}

// A step of those that run failed. Where only memory was short, the newest gives way, and the next turn tries
// the step of the others.
void Engine::fail_running(const Error& error) {
    if (error.code != ErrorCode::out_of_memory) return finish_all(error);
    running_.back().call.end(std::unexpected(error));
    running_.pop_back();
}

void Engine::finish_all(const Error& error) {
    for (Running& run : running_) run.call.end(std::unexpected(error));
    running_.clear();
}

void Engine::finish(Running& run, const Result<void>& taken) {
    if (!taken) return run.call.end(std::unexpected(taken.error()));
    run.made.decoded = run.sequence.decoded();
    run.made.decode_steps = since(run.admitted);
    run.made.batch = static_cast<double>(run.company) / static_cast<double>(run.steps);
    run.call.end(std::move(run.made));
}

}  // namespace vignette
