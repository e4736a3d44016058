// Who is read in this step, and how far. Pure: a view in, numbers out.
#pragma once

#include <span>
#include <vector>

namespace vignette {

struct Unread {
    int tokens = 0;     // of its prompt, its pictures' among them
    bool same = false;  // it asks what the one before it asks: once that is read, it costs nothing
};

struct ReadingRules {
    int tokens_max = 0;     // in this step; 0: as many as there are, since nobody waits for it
    bool in_parts = false;  // whether a prompt may be read over several steps
};

// How many tokens of each are read, in their order. Nobody is begun before those in front of him are read to
// their end. The first is read in any case: as far as it may be where it can be read in parts, else whole.
std::vector<int> plan_reading(std::span<const Unread> newcomers, const ReadingRules& rules);

}  // namespace vignette
