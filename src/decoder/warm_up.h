// Makes the decoders read their configuration and open their plug-ins, which they cannot do later.
#pragma once

namespace vignette {

void warm_up_decoders();

}  // namespace vignette
