// Graphs: nothing is kept of what is captured, but whether it may be captured is checked where it is asked
// for.
#include <cuda_runtime_api.h>

#include "noop.h"

using namespace noop;

namespace {

cudaStreamCaptureStatus status() {
    return capturing() ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamIsCapturing(cudaStream_t, cudaStreamCaptureStatus* made) {
    *made = status();
    return state();
}

cudaError_t
cudaStreamGetCaptureInfo(cudaStream_t, cudaStreamCaptureStatus* made, unsigned long long* id, cudaGraph_t*, const cudaGraphNode_t**, const cudaGraphEdgeData**, std::size_t*) {
    *made = status();
    if (id != nullptr) *id = 1;
    return state();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t, cudaStreamCaptureMode) {
    count(counters.captures);
    set_capturing(true);
    return state();
}

cudaError_t cudaStreamEndCapture(cudaStream_t, cudaGraph_t* graph) {
    set_capturing(false);
    *graph = static_cast<cudaGraph_t>(new_handle());
    return state();
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode*) { return state(); }

cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t* made, cudaGraph_t, unsigned long long) {
    if (!has_room_for_graphs()) return fail(cudaErrorMemoryAllocation);
    *made = static_cast<cudaGraphExec_t>(new_handle());
    return state();
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t, cudaStream_t) {
    count(counters.replays);
    return state();
}

cudaError_t cudaGraphGetNodes(cudaGraph_t, cudaGraphNode_t*, std::size_t* nodes) {
    *nodes = 1;
    return state();
}

cudaError_t cudaGraphDestroy(cudaGraph_t) { return state(); }

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t) { return state(); }

}  // extern "C"
