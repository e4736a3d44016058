// The first half of preparing a picture, on a second core while the first one still decodes it: only where a
// core is free, since it is the same work.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "caption/media/helper_threads.h"
#include "caption/media/media_gate.h"
#include "core/mutex.h"
#include "vignette/error.h"
#include "vignette/image.h"
#include "vignette/model.h"

namespace vignette {

class OverlappedPreprocess final : public RowSink {
public:
    OverlappedPreprocess(std::unique_ptr<Preparation> preparation, MediaGate& gate, HelperThreads& helpers);
    ~OverlappedPreprocess() override { forget(); }
    OverlappedPreprocess(const OverlappedPreprocess&) = delete;
    OverlappedPreprocess& operator=(const OverlappedPreprocess&) = delete;

    void accept_rows(Size whole, std::span<const std::uint8_t> rows) override;
    void forget() override;

    // The rest, on the caller's thread.
    Result<std::unique_ptr<ModelInput>> finish(const Image& image);

private:
    // What both threads see: the other one may come to it when its OverlappedPreprocess is gone, and finds it
    // closed.
    struct Shared {
        Mutex mutex;
        std::condition_variable_any idle;
        std::unique_ptr<Preparation> preparation;  // the other thread's while `busy`
        Size whole GUARDED_BY(mutex);
        std::span<const std::uint8_t> rows GUARDED_BY(mutex);
        bool called GUARDED_BY(mutex) = false;  // the other thread, which has not come yet
        bool busy GUARDED_BY(mutex) = false;
        bool closed GUARDED_BY(mutex) = false;
    };

    static void follow(Shared& shared);

    MediaGate& gate_;
    HelperThreads& helpers_;
    std::optional<MediaGate::Pass> place_;
    bool alone_ = false;  // no core was free
    std::shared_ptr<Shared> shared_;
};

}  // namespace vignette
