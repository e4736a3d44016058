#include "model/graph/cuda_graph.h"

#ifdef VIGNETTE_CUDA_HEADERS

#include <ATen/cuda/CUDAGraph.h>

#include <utility>

#include "core/log.h"
#include "core/mutex.h"
#include "model/torch_wall.h"

namespace vignette {
namespace {

class CudaRecording final : public Recording {
public:
    void record(const std::function<void()>& work, c10::MempoolId_t memory) {
        static Mutex one_at_a_time;  // torch's generator keeps a list of those that record
        const MutexLock lock(one_at_a_time);
        graph_.capture_begin(std::move(memory), cudaStreamCaptureModeThreadLocal);
        try {
            work();
        } catch (...) {
            abandon();
            throw;
        }
        graph_.capture_end();
    }

    void replay() override { graph_.replay(); }

private:
    // The stream would go on recording; that the recording is spoilt is known.
    void abandon() {
        const Result<void> ended = torch_wall([this]() -> Result<void> {
            graph_.capture_end();
            return {};
        });
        if (!ended) log_debug("recording ended: " + ended.error().message);
    }

    at::cuda::CUDAGraph graph_;
};

}  // namespace

Recorder cuda_recorder() {
    return [memory = at::cuda::graph_pool_handle()](const std::function<void()>& work) {
        auto made = std::make_unique<CudaRecording>();
        made->record(work, memory);
        return made;
    };
}

}  // namespace vignette

#else

namespace vignette {

Recorder cuda_recorder() { return nullptr; }

}  // namespace vignette

#endif
