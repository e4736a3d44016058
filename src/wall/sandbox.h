// Closes the process in which it is called off from everything but its memory and one socket. There is no way
// back.
#pragma once

#include "wall/message.h"

namespace vignette {

// `process` where the system offers no seccomp: then only crashes and limits are kept apart.
WallKind enter_sandbox();

// What this process may still use, from now on: bytes of memory beside what it had at its start, and seconds
// of processor time.
void limit_next_task(std::uint64_t memory_bytes, std::uint64_t seconds);

}  // namespace vignette
