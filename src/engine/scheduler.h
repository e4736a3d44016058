// Who may start now. Pure: a view in, a number out.
#pragma once

#include <limits>
#include <span>

namespace vignette {

struct Waiting {
    int slots = 1;
    int tokens = 0;  // of the prompt, its pictures' among them; 0: it asks what the one before it asks
};

struct AdmissionView {
    std::span<const Waiting> waiting;  // in order of arrival
    int free_slots = 0;
    int admissions_max = 8;                            // that go through the vision side together
    int tokens_max = std::numeric_limits<int>::max();  // of all that start; the first may have more
};

// How many of the waiting sequences, from the front, start in this step. Nobody overtakes the first that does
// not fit: a sequence of many beams would otherwise starve behind a stream of small ones.
int count_admissible(const AdmissionView& now);

}  // namespace vignette
