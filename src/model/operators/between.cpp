#include "model/operators/between.h"

#include <ATen/Parallel.h>
#include <ATen/ops/add.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/sigmoid.h>

#include <algorithm>
#include <optional>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/crew.h"
#include "model/torch_lean.h"

namespace vignette {
namespace {

constexpr std::size_t numbers_at_least = 1 << 15;  // for one thread
constexpr std::size_t gate_piece = 1 << 12;

bool is_plain(const at::Tensor& x) { return x.scalar_type() == at::kFloat && x.is_contiguous(); }

std::size_t as_size(std::int64_t count) { return static_cast<std::size_t>(count); }

template <class Work>
void share_rows(std::size_t rows, std::size_t columns, const Work& work) {
    share_work(at::get_num_threads(), rows, std::max<std::size_t>(1, numbers_at_least / columns), work);
}

at::Tensor norm_by_aten(const at::Tensor& x, const at::Tensor& weights, double epsilon) {
    const at::Tensor wide = x.to(at::kFloat);
    const at::Tensor mean = wide.pow(2).mean({-1}, true);
    return weights.mul(wide.mul(mean.add(epsilon).rsqrt()).to(x.scalar_type()));
}

at::Tensor own_norm(const at::Tensor& x, const at::Tensor& weights, double epsilon) {
    const bool fits = is_plain(x) && is_plain(weights) && x.dim() >= 1 && x.numel() > 0 &&
                      weights.dim() == 1 && weights.size(0) == x.size(-1);
    if (!fits) return norm_by_aten(x, weights, epsilon);
    const at::Tensor normed = at::empty_like(x);
    const std::size_t columns = as_size(x.size(-1));
    const auto* const from = x.const_data_ptr<float>();
    auto* const to = normed.mutable_data_ptr<float>();
    share_rows(as_size(x.numel()) / columns, columns, [&](std::size_t begin, std::size_t end) {
        best_kernels().norm(
            {.inputs = from + begin * columns,
             .weights = weights.const_data_ptr<float>(),
             .outputs = to + begin * columns,
             .rows = end - begin,
             .columns = columns,
             .epsilon = static_cast<float>(epsilon)}
        );
    });
    return normed;
}

// x [...,N,H,D] and turns [N,1,D] of positions that the heads share, or [D] of one that everything has.
bool fits_turns(const at::Tensor& x, const at::Tensor& turns) {
    if (!is_plain(turns) || turns.dim() < 1 || turns.dim() > x.dim() || turns.size(-1) != x.size(-1))
        return false;
    if (turns.dim() == 1) return true;
    const at::IntArrayRef positions = turns.sizes().slice(0, as_size(turns.dim() - 2));
    const at::IntArrayRef rows = x.sizes().slice(as_size(x.dim() - turns.dim()), positions.size());
    return turns.size(-2) == 1 && positions == rows;
}

at::Tensor own_turn(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines) {
    const bool fits = is_plain(x) && x.numel() > 0 && fits_turns(x, cosines) && is_plain(sines) &&
                      sines.sizes() == cosines.sizes();
    if (!fits) return x.mul(cosines).add(x.roll({x.size(-1) / 2}, {-1}).mul(sines));
    const at::Tensor turned = at::empty_like(x);
    const std::size_t columns = as_size(x.size(-1));
    const auto* const from = x.const_data_ptr<float>();
    auto* const to = turned.mutable_data_ptr<float>();
    share_rows(as_size(x.numel()) / columns, columns, [&](std::size_t begin, std::size_t end) {
        best_kernels().turn(
            {.inputs = from + begin * columns,
             .cosines = cosines.const_data_ptr<float>(),
             .sines = sines.const_data_ptr<float>(),
             .outputs = to + begin * columns,
             .first = begin,
             .rows = end - begin,
             .heads = cosines.dim() == 1 ? 1 : as_size(x.size(-2)),
             .positions = as_size(cosines.numel()) / columns,
             .columns = columns,
             .shift = columns / 2}
        );
    });
    return turned;
}

at::Tensor own_gate(const at::Tensor& x, const std::optional<at::Tensor>& times, double factor) {
    const bool fits = is_plain(x) && (!times || (is_plain(*times) && times->sizes() == x.sizes()));
    if (!fits) {
        const at::Tensor opened = x.mul(x.mul(factor).sigmoid());
        return times ? opened.mul(*times) : opened;
    }
    const at::Tensor made = at::empty_like(x);
    const std::size_t count = as_size(x.numel());
    const auto* const from = x.const_data_ptr<float>();
    const float* const factors = times ? times->const_data_ptr<float>() : nullptr;
    auto* const to = made.mutable_data_ptr<float>();
    share_rows((count + gate_piece - 1) / gate_piece, gate_piece, [&](std::size_t first, std::size_t past) {
        const std::size_t begin = first * gate_piece;
        best_kernels().gate(
            {.inputs = from + begin,
             .times = factors == nullptr ? nullptr : factors + begin,
             .outputs = to + begin,
             .count = std::min(count, past * gate_piece) - begin,
             .factor = static_cast<float>(factor)}
        );
    });
    return made;
}

}  // namespace

void define_between(torch::Library& library) {
    library.def("norm(Tensor x, Tensor weights, float epsilon) -> Tensor", own_norm);
    library.def("turn(Tensor x, Tensor cosines, Tensor sines) -> Tensor", own_turn);
    library.def("gate(Tensor x, Tensor? times, float factor) -> Tensor", own_gate);
}

}  // namespace vignette
