// Torch's antialiased bicubic resize of bytes, of a picture whose rows are still coming: bit for bit what
// torch makes of the whole. It works across first and then down, with bytes in between, so both can begin
// with what is there.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/pixels/resample.h"
#include "model/torch_lean.h"
#include "vignette/image.h"

namespace vignette {

class Resize {
public:
    Resize(Size from, Size to) : from_(from), to_(to) {}

    // `rows` from the top; those that were taken before are among them.
    void accept_rows(std::span<const std::uint8_t> rows);

    // `pixels` are all rows. Torch does all of it where nothing was taken yet.
    void finish(std::span<const std::uint8_t> pixels);

    // RGB bytes, row by row, and how many rows are done. A picture that already has the size stays where it
    // is.
    const std::uint8_t* made() const { return made_; }
    std::int32_t made_rows() const { return made_rows_; }

private:
    const std::uint8_t* narrow(std::span<const std::uint8_t> rows, std::int32_t there);

    Size from_;
    Size to_;
    std::int32_t taken_ = 0;
    at::Tensor narrowed_;  // [1, height before, width, 3]: the rows above taken_ are there
    std::optional<ResampleKernel> down_;
    at::Tensor room_;  // what made_ points into, unless that is the picture
    const std::uint8_t* made_ = nullptr;
    std::int32_t made_rows_ = 0;
};

}  // namespace vignette
