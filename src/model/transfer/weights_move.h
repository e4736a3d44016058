// Moves weights on a CPU from their mapped files into huge pages while the model already works with them: it
// is ready as soon as the files are mapped, and a moment later as fast as it can be. Private to the torch
// side of model/.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stop_token>
#include <thread>
#include <vector>

namespace vignette {

struct MappedTensor {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> file;  // keeps it mapped
};
using MappedWeights = std::vector<MappedTensor>;

// How many bytes were moved: all that fill huge pages, or fewer if it was stopped or the system refused.
std::size_t move_weights(MappedWeights weights, const std::stop_token& stop);

// Lives as long as the model; its end waits for the piece that is being copied.
class WeightsMove {
public:
    explicit WeightsMove(MappedWeights weights);

private:
    std::jthread thread_;
};

}  // namespace vignette
