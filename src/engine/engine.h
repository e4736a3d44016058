// Runs many sequences at once over one model: each step admits what fits and decodes all that run.
//
// generate() may be called from any thread; everything else happens on the engine's own thread, which owns
// the model, the slots and the sequences. A second one looks at the pictures of those who wait while others
// run. The destructor ends what is still running as cancelled and joins both.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

#include "engine/admission/generation_call.h"
#include "engine/admission/waiting_line.h"
#include "engine/generation.h"
#include "engine/sequence.h"
#include "engine/slots.h"
#include "vignette/batching.h"
#include "vignette/error.h"
#include "vignette/limits.h"
#include "vignette/model.h"

namespace vignette {

class Engine {
public:
    // Lets memory go that the model can do without, on the engine's thread; false: there was none.
    using MakeRoom = std::function<bool()>;

    Engine(Model& model, const Limits& limits, const Batching& batching = {}, MakeRoom make_room = {});
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    // Any thread; waits for its own sequence only. What a request yields does not depend on its neighbours.
    // `on_token` may be empty and may be slow: the engine does not wait for it. A beam search calls it never.
    Result<Generation> generate(GenerationRequest request, const OnToken& on_token = {});

private:
    using Clock = GenerationCall::Clock;

    struct Running {
        GenerationCall call;
        Sequence sequence;
        Generation made;
        Clock::time_point admitted;
        bool fresh = true;         // its prompt has not been read to the end
        int read = 0;              // of the prompt, in the steps so far
        std::size_t streamed = 0;  // how many of its tokens have been streamed
        std::size_t steps = 0;
        std::size_t company = 0;  // sequences in those steps, itself among them

        void stream();
    };

    struct Planned {  // of a step, as the plan has them
        StepPlan plan;
        std::vector<std::pair<Running*, int>> parts;  // and how many tokens
        std::vector<Running*> chosen;                 // those for whom the model chooses
    };

    void loop(const std::stop_token& stop);
    void look_ahead();
    void drop_cancelled();
    void admit();
    void start(GenerationCall call);
    Result<void> step(bool with_newcomers);
    void plan_newcomers(Planned& step);
    void apply(StepResult result, const Planned& step);
    bool made_room_after(const Error& error) const;
    void isolate(const Error& error);
    void part_with(std::list<Running>::iterator newcomer, const Error& error);
    void recover();
    void wait_again(std::list<Running>::iterator newcomer);
    void end_all(const Error& error);
    void fail_running(const Error& error);
    void finish_all(const Error& error);
    static void finish(Running& run, const Result<void>& taken);

    Model& model_;
    const ModelShape shape_;
    const int most_together_;
    const MakeRoom make_room_;
    WaitingLine line_;
    SlotPool slots_;              // engine thread
    std::list<Running> running_;  // engine thread; in order of admission
    int admissions_max_;          // engine thread; halved when a step fails with that many newcomers
    int calm_steps_ = 0;          // engine thread; since the last of these failures
    std::size_t company_max_;     // engine thread; how many may run before the next is admitted
    std::jthread viewer_;         // last members: joined before the others die
    std::jthread thread_;
};

}  // namespace vignette
