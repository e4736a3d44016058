// What the files of the no-op CUDA runtime share: the counters, the card that is played, and its state.
// Nothing here has a constructor: libraries register their kernels before ours would run.
#pragma once

#include <driver_types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>

#pragma GCC visibility push(default \
)  // everything that follows, also in the files that include this, is exported

namespace noop {

using Counter = std::atomic<std::uint64_t>;

// One for each field of NoopCounts that only grows.
struct Counters {
    Counter kernels, products, waits, copies_up, copies_down, copies_along, bytes_up, bytes_down, fills,
        captures, replays, illegal, behind;
};
extern constinit Counters counters;

inline void count(Counter& counter, std::uint64_t by = 1) {
    counter.fetch_add(by, std::memory_order_relaxed);
}

// The card, chosen by VIGNETTE_NOOP_MIB and VIGNETTE_NOOP_SM (80, 89, …).
std::uint64_t card_bytes();
int card_sm();
int cards();                  // VIGNETTE_NOOP_CARDS of them, all alike
std::uint64_t taken_bytes();  // of the first, by others: VIGNETTE_NOOP_TAKEN_MIB
int current_card();           // of this thread
void set_current_card(int card);
const char* card_name();

std::uint32_t downloaded_word();

// The state of the card: what each call returns in the end. A lost card fails every call, as after an illegal
// memory access; VIGNETTE_NOOP_LOST_AT=3 loses it at the third copy to the host.
cudaError_t state();
cudaError_t fail(cudaError_t error);  // remembered for cudaGetLastError()
void note_download();
bool is_lost();

// For calls that no capture may contain: counted, and refused while one goes on.
bool refused_in_capture(const char* call);
bool capturing();
void set_capturing(bool on);

// VIGNETTE_NOOP_FULL_AT=7: the seventh allocation finds no room, and neither do the two by which torch tries
// again.
bool is_full_at(std::uint64_t allocation);

// VIGNETTE_NOOP_NO_GRAPHS=1: what was captured finds no room as a graph.
bool has_room_for_graphs();

// Device memory. Nobody may touch it: a host that did would crash here, as it does on a card.
void* allocate(std::size_t bytes);  // on the current card; null: it is full
void release(void* memory);
bool is_device(const void* address);
bool is_pinned(const void* address);
int card_of(const void* address);
std::uint64_t used_bytes();   // of the current card
std::uint64_t peak_bytes();   // of any
std::uint64_t allocations();  // so far, those that found no room among them
void restart_peak();

// What a call that makes a handle returns: an address that is nobody else's.
void* new_handle();

}  // namespace noop
