// What a streaming client has yet to receive. Pure functions over the list of one job.
#pragma once

#include <string>
#include <vector>

#include "wire/dialects/runpod.h"

namespace vignette {

// Words of a picture that follow words of the same picture are joined.
void append_event(std::vector<StreamEvent>& events, StreamEvent event);

// The first events, as many as one chunk of the platform may hold (at least one), taken from the list and
// formatted. `events` must not be empty.
std::string take_chunk(std::vector<StreamEvent>& events);

}  // namespace vignette
