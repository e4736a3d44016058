// How a bundle is opened for computing: captioner or embedder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace vignette {

struct ModelOptions {
    std::string device = "auto";        // auto, cpu, cuda, cuda:1
    int slots = 0;                      // captioner; 0: what fits (footprint.h)
    std::uint64_t reserved_bytes = 0;   // on a GPU: left to what is kept for later, not given to slots
    std::size_t prompts_bytes_max = 0;  // of read prompts that are kept for the same asked again
    bool graphs = true;                 // on a GPU: decode steps as CUDA graphs
    bool tells_start = false;           // in the log: what took how long
    bool warms_up = true;               // so that the first picture takes no longer than the others
    int threads = 0;                    // of CPU operators, for the whole process; 0: as torch decides
};

}  // namespace vignette
