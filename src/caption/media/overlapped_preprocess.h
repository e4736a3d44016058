// The first half of preparing a picture, on a second core while the first one still decodes it: only where a
// core is free, since it is the same work.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "caption/media/helper_threads.h"
#include "caption/media/media_gate.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/model.h"

namespace vignette {

class HeadStart final : public RowSink {
public:
    HeadStart(std::unique_ptr<Preparation> preparation, MediaGate& gate, Helpers& helpers);
    ~HeadStart() override { forget(); }
    HeadStart(const HeadStart&) = delete;
    HeadStart& operator=(const HeadStart&) = delete;

    void take(Size whole, std::span<const std::uint8_t> rows) override;
    void forget() override;

    // The rest, on the caller's thread.
    Result<std::unique_ptr<Pixels>> finish(const Image& image);

private:
    // What both threads see: the other one may come to it when its HeadStart is gone, and finds it closed.
    struct Shared {
        std::mutex mutex;
        std::condition_variable idle;
        std::unique_ptr<Preparation> preparation;  // the other thread's while `busy`
        Size whole;
        std::span<const std::uint8_t> rows;
        bool called = false;  // the other thread, which has not come yet
        bool busy = false;
        bool closed = false;
    };

    static void follow(Shared& shared);

    MediaGate& gate_;
    Helpers& helpers_;
    std::optional<MediaGate::Pass> place_;
    bool alone_ = false;  // no core was free
    std::shared_ptr<Shared> shared_;
};

}  // namespace vignette
