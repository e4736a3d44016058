// Streams and events: all work is done as soon as it is asked for, so that only the waits are of interest.
#include <cuda_runtime_api.h>

#include <iterator>

#include "noop.h"

using namespace noop;

namespace {

cudaError_t wait(const char* call) {
    if (refused_in_capture(call)) return cudaErrorStreamCaptureUnsupported;
    count(counters.waits);
    return state();
}

// What the card had been asked for when an event was recorded. Events are handles, which are 64 apart.
constinit Counter asked_before[1 << 16]{};

Counter& asked_before_event(cudaEvent_t event) {
    return asked_before[reinterpret_cast<std::uintptr_t>(event) / 64 % std::size(asked_before)];
}

std::uint64_t asked_so_far() {
    return counters.kernels + counters.products + counters.fills + counters.replays;
}

cudaError_t record(cudaEvent_t event) {
    asked_before_event(event) = asked_so_far();
    return state();
}

}  // namespace

extern "C" {

cudaError_t cudaDeviceSynchronize() { return wait("cudaDeviceSynchronize"); }

cudaError_t cudaStreamSynchronize(cudaStream_t) { return wait("cudaStreamSynchronize"); }

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    count(counters.behind, asked_so_far() - asked_before_event(event));
    return wait("cudaEventSynchronize");
}

cudaError_t cudaStreamQuery(cudaStream_t) {
    return refused_in_capture("cudaStreamQuery") ? cudaErrorStreamCaptureUnsupported : state();
}

cudaError_t cudaDeviceGetStreamPriorityRange(int* least, int* greatest) {
    *least = 0;
    *greatest = -5;
    return cudaSuccess;
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned, int) {
    *stream = static_cast<cudaStream_t>(new_handle());
    return state();
}

cudaError_t cudaStreamDestroy(cudaStream_t) { return state(); }

cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned) { return state(); }

cudaError_t cudaStreamAddCallback(cudaStream_t stream, cudaStreamCallback_t call, void* data, unsigned) {
    call(stream, state(), data);
    return state();
}

cudaError_t cudaEventCreate(cudaEvent_t* event) {
    *event = static_cast<cudaEvent_t>(new_handle());
    return state();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) { return cudaEventCreate(event); }

cudaError_t cudaEventDestroy(cudaEvent_t) { return state(); }

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) { return record(event); }

cudaError_t cudaEventRecordWithFlags(cudaEvent_t event, cudaStream_t, unsigned) { return record(event); }

cudaError_t cudaEventQuery(cudaEvent_t) { return state(); }

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t, cudaEvent_t) {
    *milliseconds = 1;
    return state();
}

}  // extern "C"
