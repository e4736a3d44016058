// Which of the ready bundles a snapshot belongs to, and whether it has all that this one needs.
#pragma once

#include <string>
#include <vector>

#include "app/models/bundles.h"
#include "app/models/snapshots.h"
#include "bundle/snapshot.h"
#include "vignette/error.h"

namespace vignette {

struct Fit {
    Bundle ready;  // its manifest can be read
    FoundSnapshot found;
    Snapshot snapshot;
};

// By the hub's id where it is known, or else by what config.json says. The errors are all that is wrong, each
// with what to do.
std::expected<Fit, std::vector<Error>> fit_bundle(FoundSnapshot found, const std::vector<Bundle>& ready);

}  // namespace vignette
