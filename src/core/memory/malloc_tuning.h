// How malloc treats freed memory. Process-wide.
#pragma once

namespace vignette {

// Keeps freed memory for the next picture instead of returning it to the system. Called once, at the start of
// main.
void keep_freed_memory();

}  // namespace vignette
