#include "model/pixels/resize.h"

#include <ATen/ops/_upsample_bicubic2d_aa.h>

#include "vignette/invariant.h"

namespace vignette {
namespace {

// A call works its weights out again, so it should have some rows to use them on.
constexpr std::int32_t rows_min = 48;

// [1, height, width, 3] bytes: with the first dimension torch knows the layout for channels-last and resizes
// it without a copy, which takes half the time. Nobody writes to what it returns.
at::Tensor bytes_of(std::span<const std::uint8_t> pixels, Size size) {
    ASSERT(pixels.size() >= static_cast<std::size_t>(size.pixels()) * 3);
    auto* bytes = const_cast<std::uint8_t*>(pixels.data());  // from_blob has no form for what is only read
    return at::from_blob(bytes, {1, size.height, size.width, 3}, at::kByte);
}

at::Tensor channels_first(const at::Tensor& bytes) { return bytes.permute({0, 3, 1, 2}); }

}  // namespace

void Resize::accept_rows(std::span<const std::uint8_t> rows) {
    const auto there = static_cast<std::int32_t>(rows.size() / (static_cast<std::size_t>(from_.width) * 3));
    if (from_ == to_) {
        made_ = rows.data();
        made_rows_ = there;
        return;
    }
    if (there == taken_ || (there < taken_ + rows_min && there < from_.height)) return;
    const std::size_t row = static_cast<std::size_t>(to_.width) * 3;
    if (!down_) {
        down_ = resample_kernel(from_.height, to_.height, 0, to_.height);
        room_ = at::empty({to_.height, to_.width, 3}, at::kByte);
        made_ = room_.const_data_ptr<std::uint8_t>();
    }
    const std::uint8_t* const narrowed = narrow(rows, there);
    auto* next = room_.mutable_data_ptr<std::uint8_t>() + static_cast<std::size_t>(made_rows_) * row;
    for (; made_rows_ < to_.height; ++made_rows_, next += row) {
        const ResampleKernel::Output& output = down_->outputs[static_cast<std::size_t>(made_rows_)];
        if (ResampleKernel::end(output) > there) break;
        blend_rows(narrowed + static_cast<std::size_t>(output.first) * row, row, output, down_->bits, next);
    }
    taken_ = there;
}

// The rows at the new width, from the first one on.
const std::uint8_t* Resize::narrow(std::span<const std::uint8_t> rows, std::int32_t there) {
    if (from_.width == to_.width) return rows.data();
    if (!narrowed_.defined()) narrowed_ = at::empty({1, from_.height, to_.width, 3}, at::kByte);
    const std::size_t row = static_cast<std::size_t>(from_.width) * 3;
    const Size fresh{from_.width, there - taken_};
    const at::Tensor given = bytes_of(rows.subspan(static_cast<std::size_t>(taken_) * row), fresh);
    at::Tensor made = channels_first(narrowed_.narrow(1, taken_, fresh.height));
    at::_upsample_bicubic2d_aa_out(
        made, channels_first(given), {fresh.height, to_.width}, /*align_corners=*/false
    );
    return narrowed_.const_data_ptr<std::uint8_t>();
}

void Resize::finish(std::span<const std::uint8_t> pixels) {
    if (from_ == to_ || taken_ > 0) return accept_rows(pixels);
    const at::Tensor made = at::_upsample_bicubic2d_aa(
        channels_first(bytes_of(pixels, from_)), {to_.height, to_.width}, /*align_corners=*/false
    );
    room_ = made.permute({0, 2, 3, 1}).contiguous();
    made_ = room_.const_data_ptr<std::uint8_t>();
    made_rows_ = to_.height;
}

}  // namespace vignette
