// How malloc treats memory that is freed. Process-wide.
#pragma once

namespace vignette {

// Keeps freed memory for the next picture instead of giving it back to the system. Once, at the start of
// main.
void keep_freed_memory();

}  // namespace vignette
