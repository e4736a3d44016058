#include "model/prompts/places.h"

#include <ATen/ops/zeros.h>

#include <algorithm>
#include <utility>

#include "model/sent.h"

namespace vignette {

PromptPlaces place_prompt(
    Program& program, std::span<const TokenId> prompt, std::span<const PictureGrid> pictures
) {
    std::vector<std::int64_t> ids;
    for (const TokenId token : prompt) ids.push_back(std::to_underlying(token));
    std::vector<std::int64_t> grids;
    for (const PictureGrid& one : pictures)
        grids.insert(grids.end(), {one.frames, one.size.height, one.size.width, one.tick});
    const auto length = static_cast<std::int64_t>(ids.size());
    const auto count = static_cast<std::int64_t>(pictures.size());
    const at::Tensor places = program.place(
        sent<std::int64_t>(ids, {length}, at::kCPU), sent<std::int64_t>(grids, {count, 4}, at::kCPU)
    );
    const bool fits = places.dim() == 2 && places.size(0) == 3 && places.size(1) == length;
    TORCH_CHECK(
        fits && places.scalar_type() == at::kLong && places.is_cpu(), "place made ", places.sizes(), " of ",
        length, " tokens"
    );
    return {.places = places, .shift = places.max().item<std::int64_t>() + 1 - length};
}

at::Tensor sent_places(const std::vector<at::Tensor>& rows, const at::Device& device) {
    std::int64_t longest = 0;
    for (const at::Tensor& row : rows) longest = std::max(longest, row.size(1));
    const auto count = static_cast<std::int64_t>(rows.size());
    const auto options = at::TensorOptions(at::kLong).pinned_memory(!device.is_cpu());
    const at::Tensor here = at::zeros({count, 3, longest}, options);
    for (std::int64_t i = 0; i < count; ++i) {
        const at::Tensor& row = rows[static_cast<std::size_t>(i)];
        here.select(0, i).narrow(1, 0, row.size(1)).copy_(row);
    }
    return device.is_cpu() ? here : here.to(device, at::kLong, /*non_blocking=*/true);
}

}  // namespace vignette
