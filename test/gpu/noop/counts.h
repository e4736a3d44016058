// What a program has asked of the card so far. Plain C, because it is found by name in a running process: the
// library is preloaded and nobody links it.
#pragma once

#include <stdint.h>

struct NoopCounts {
    uint64_t kernels;       // launched by torch
    uint64_t products;      // matrix products of cuBLAS and cuBLASLt
    uint64_t waits;         // of the host for the card: streams, events, the device, blocking copies
    uint64_t copies_up;     // host to device
    uint64_t copies_down;   // device to host
    uint64_t copies_along;  // within the device
    uint64_t bytes_up;
    uint64_t bytes_down;
    uint64_t fills;       // memset
    uint64_t used_bytes;  // of device memory, now
    uint64_t peak_bytes;  // and at most since noop_restart_peak()
    uint64_t captures;    // of graphs
    uint64_t replays;
    uint64_t illegal;  // calls that no capture may contain
    uint64_t behind;   // asked for after what the host waited for: what the card does while the host goes on
};

#ifdef __cplusplus
extern "C" {
#endif
struct NoopCounts noop_counts(void);
void noop_restart_peak(void);
#ifdef __cplusplus
}
#endif
