// Who may start now. Pure: a view in, a number out.
#pragma once

#include <span>

namespace vignette {

struct AdmissionView {
    std::span<const int> waiting_slots;  // slots each waiting sequence needs, in order of arrival
    int free_slots = 0;
    int admissions_max = 8;  // pictures that go through the vision side together
};

// How many of the waiting sequences, from the front, start in this step. Nobody overtakes the first that does
// not fit: a sequence of many beams would otherwise starve behind a stream of small ones.
int count_admissible(const AdmissionView& now);

}  // namespace vignette
