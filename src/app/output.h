// Standard output, on which the results go: one that is lost must not look like success.
#pragma once

namespace vignette {

// Once, at the start of main. Closed standard streams stay closed: a file that is opened later must not
// become one of them. A reader that goes away is an error of the next write, not a signal.
void guard_standard_streams();

// Whether everything printed so far has arrived. The first time that it has not, it says why on stderr. Main
// thread.
bool output_arrived();

}  // namespace vignette
