// One picture on its way into the model's tiles, worked on as its rows arrive. One thread at a time.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "model/pixels/plan.h"
#include "model/pixels/resize.h"
#include "model/torch_lean.h"
#include "vignette/image.h"

namespace vignette {

// What each byte becomes, by channel.
using ByteValues = std::array<std::array<float, 256>, 3>;
ByteValues byte_values(const PixelRecipe& recipe);

class PixelWork {
public:
    // `values` outlives it; without them the tiles are of bytes.
    PixelWork(PixelPlan plan, Size picture, const ByteValues* values);

    // `rows` from the top; those that were taken before are among them.
    void accept_rows(std::span<const std::uint8_t> rows);

    // [tiles, 3, height, width], of all rows.
    at::Tensor finish(const Image& image);

    int tokens() const { return plan_.tokens; }

private:
    struct Resized {
        Resize resize;
        std::int32_t placed = 0;  // rows of it that are in the tiles
    };

    bool in_one_go(std::size_t resized) const;
    void blacken(std::size_t tile);
    void place(std::size_t resized);
    void place_row(std::size_t tile, std::int32_t y, const std::uint8_t* row);
    template <class Number>
    Number* plane(std::size_t tile, std::size_t channel);

    PixelPlan plan_;
    const ByteValues* values_;
    std::vector<Resized> resized_;
    at::Tensor tiles_;
};

}  // namespace vignette
