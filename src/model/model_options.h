// How a bundle is opened for computing: captioner or embedder.
#pragma once

#include <string>

namespace vignette {

struct ModelOptions {
    std::string device = "auto";  // auto, cpu, cuda
    int slots = 0;                // captioner; 0: what fits (footprint.h)
    int threads = 0;              // of CPU operators, for the whole process; 0: as torch decides
};

}  // namespace vignette
