// A recording that does its work once more for each replay: what stands for a graph where there is no GPU.
#pragma once

#include <functional>
#include <utility>

#include "model/graph/step_graphs.h"

namespace vignette {

class Repeating final : public Recording {
public:
    Repeating(std::function<void()> work, int& replays) : work_(std::move(work)), replays_(replays) {}
    void replay() override {
        work_();
        ++replays_;
    }

private:
    std::function<void()> work_;
    int& replays_;
};

}  // namespace vignette
