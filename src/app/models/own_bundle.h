// What makes `VIGNETTE_MODEL=owner/name` enough where the checkpoint lies in a cache, as RunPod's cached
// models do.
#pragma once

#include <string>

namespace vignette {

// Unless there is a bundle of that checkpoint, one is made in a folder of this user's. What is in the way is
// logged; whoever looks for the bundle then says that there is none.
void make_own_bundle(const std::string& model);

}  // namespace vignette
