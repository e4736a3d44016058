// Copies are counted and not made. The values of kernels are not played: every four bytes that come from the
// device are the same, zero or VIGNETTE_NOOP_WORD.
#include <cuda_runtime_api.h>

#include <algorithm>
#include <cstring>

#include "noop.h"

using namespace noop;

namespace {

cudaMemcpyKind direction(const void* to, const void* from, cudaMemcpyKind said) {
    if (said != cudaMemcpyDefault) return said;
    if (is_device(to)) return is_device(from) ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice;
    return is_device(from) ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

void fill_with_word(char* to, std::size_t bytes) {
    const std::uint32_t word = downloaded_word();
    for (std::size_t at = 0; at < bytes; at += sizeof word)
        std::memcpy(to + at, &word, std::min(sizeof word, bytes - at));
}

// Torch waits for the card after a copy from or to pageable memory, so a capture may not contain one.
cudaError_t copy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    switch (kind) {
        case cudaMemcpyHostToDevice:
            if (!is_pinned(from) && refused_in_capture("a copy from pageable memory"))
                return cudaErrorStreamCaptureUnsupported;
            count(counters.copies_up);
            count(counters.bytes_up, bytes);
            break;
        case cudaMemcpyDeviceToHost:
            if (!is_pinned(to) && refused_in_capture("a copy to pageable memory"))
                return cudaErrorStreamCaptureUnsupported;
            count(counters.copies_down);
            count(counters.bytes_down, bytes);
            fill_with_word(static_cast<char*>(to), bytes);
            note_download();
            break;
        case cudaMemcpyDeviceToDevice: count(counters.copies_along); break;
        case cudaMemcpyHostToHost: std::memcpy(to, from, bytes); break;
        case cudaMemcpyDefault: return fail(cudaErrorInvalidMemcpyDirection);
    }
    return state();
}

cudaError_t fill() {
    count(counters.fills);
    return state();
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
    if (refused_in_capture("cudaMemcpy")) return cudaErrorStreamCaptureUnsupported;
    count(counters.waits);
    return copy(to, from, bytes, direction(to, from, kind));
}

cudaError_t cudaMemcpyAsync(
    void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t
) {
    return copy(to, from, bytes, direction(to, from, kind));
}

cudaError_t cudaMemcpyToSymbol(const void*, const void*, std::size_t bytes, std::size_t, cudaMemcpyKind) {
    count(counters.copies_up);
    count(counters.bytes_up, bytes);
    return state();
}

cudaError_t cudaMemset(void*, int, std::size_t) { return fill(); }

cudaError_t cudaMemsetAsync(void*, int, std::size_t, cudaStream_t) { return fill(); }

}  // extern "C"
