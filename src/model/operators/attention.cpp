#include "model/operators/attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/crew.h"
#include "model/torch_lean.h"

namespace vignette {
namespace {

constexpr std::int64_t multiplications_at_least = 1 << 16;  // for one thread
constexpr std::int64_t score_unit = 16;
constexpr std::int64_t queries_few = 16;

bool has_rows(const at::Tensor& x) {
    return x.dim() == 4 && x.scalar_type() == at::kFloat && (x.stride(3) == 1 || x.size(3) == 1);
}

// queries [B, H, T, D], keys and values [B, H, keys, D]; each head with keys of its own.
bool is_for_ours(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::optional<at::Tensor>& mask,
    bool is_causal
) {
    if (is_causal || !has_fast_kernels() || !has_rows(q) || !has_rows(k) || !has_rows(v)) return false;
    if (mask) {
        const bool fits = mask->scalar_type() == at::kFloat && mask->dim() == 4 && mask->stride(3) == 1 &&
                          mask->size(3) == k.size(2);
        if (!fits) return false;
    }
    return q.numel() > 0 && k.numel() > 0 && q.size(2) <= queries_few && k.sizes() == v.sizes() &&
           q.size(0) == k.size(0) && q.size(1) == k.size(1) && q.size(3) == k.size(3);
}

// Of [B, H, rows, D], the heads from `head` on.
template <class Number>
HeadRows<Number> rows_from(Number* begin, const at::Tensor& x, std::int64_t batch, std::int64_t head) {
    return {
        .begin = begin + batch * x.stride(0) + head * x.stride(1),
        .head_step = static_cast<std::size_t>(x.stride(1)),
        .row_step = static_cast<std::size_t>(x.stride(2))
    };
}

HeadRows<const float> inputs_from(const at::Tensor& x, std::int64_t batch, std::int64_t head) {
    if (!x.defined()) return {};
    return rows_from(x.const_data_ptr<float>(), x, batch, head);
}

at::Tensor attend_to_few(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::optional<at::Tensor>& mask,
    double scale
) {
    const std::int64_t heads = q.size(1);
    const std::int64_t rows = q.size(2);
    const std::int64_t count = k.size(2);
    const at::Tensor seen = at::empty(q.sizes(), q.options());
    const at::Tensor added = mask ? mask->expand({q.size(0), heads, rows, count}) : at::Tensor();
    const std::int64_t room = (count + score_unit - 1) / score_unit * score_unit;  // of a row of scores
    const auto attend_heads = [&](std::int64_t batch, std::int64_t begin, std::int64_t end) {
        std::vector<float> scores(static_cast<std::size_t>((end - begin) * rows * room));
        best_kernels().attention(
            {.queries = inputs_from(q, batch, begin),
             .keys = inputs_from(k, batch, begin),
             .values = inputs_from(v, batch, begin),
             .mask = inputs_from(added, batch, begin),
             .scores = {scores.data(), static_cast<std::size_t>(rows * room), static_cast<std::size_t>(room)},
             .outputs = rows_from(seen.mutable_data_ptr<float>(), seen, batch, begin),
             .heads = static_cast<std::size_t>(end - begin),
             .rows = static_cast<std::size_t>(rows),
             .count = static_cast<std::size_t>(count),
             .columns = static_cast<std::size_t>(q.size(3)),
             .scale = static_cast<float>(scale)}
        );
    };
    const std::int64_t least =
        std::max<std::int64_t>(1, multiplications_at_least / (rows * count * q.size(3)));
    const auto all = static_cast<std::size_t>(q.size(0) * heads);
    share_work(
        at::get_num_threads(), all, static_cast<std::size_t>(least),
        [&](std::size_t first, std::size_t past) {
            const auto end = static_cast<std::int64_t>(past);
            for (auto begin = static_cast<std::int64_t>(first); begin < end;) {
                const std::int64_t batch = begin / heads;  // as many of its heads as there are
                const std::int64_t last = std::min(end, (batch + 1) * heads);
                attend_heads(batch, begin - batch * heads, last - batch * heads);
                begin = last;
            }
        }
    );
    return seen;
}

at::Tensor own_attention(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::optional<at::Tensor>& mask,
    bool is_causal, std::optional<double> scale
) {
    if (!is_for_ours(q, k, v, mask, is_causal))
        return at::scaled_dot_product_attention(q, k, v, mask, 0.0, is_causal, scale);
    return attend_to_few(q, k, v, mask, scale.value_or(1 / std::sqrt(static_cast<double>(q.size(3)))));
}

}  // namespace

void define_attention(torch::Library& library) {
    library.def(
        "attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool is_causal, float? scale) -> Tensor",
        own_attention
    );
}

}  // namespace vignette
