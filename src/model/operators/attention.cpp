#include "model/operators/attention.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <cmath>
#include <optional>
#include <vector>

#include "kernels/cpu/attention.h"
#include "kernels/cpu/choose.h"
#include "model/torch_lean.h"

namespace vignette {
namespace {

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

// Of [B, H, rows, D].
template <class Number>
HeadRows<Number> rows_of_batch(Number* begin, const at::Tensor& x, std::int64_t batch) {
    return {
        .begin = begin + batch * x.stride(0),
        .head_step = static_cast<std::size_t>(x.stride(1)),
        .row_step = static_cast<std::size_t>(x.stride(2))
    };
}

HeadRows<const float> inputs_of(const at::Tensor& x, std::int64_t batch) {
    if (!x.defined()) return {};
    return rows_of_batch(x.const_data_ptr<float>(), x, batch);
}

at::Tensor attend_to_few(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const std::optional<at::Tensor>& mask,
    double scale
) {
    const at::Tensor seen = at::empty(q.sizes(), q.options());
    const at::Tensor added = mask ? mask->expand({q.size(0), q.size(1), q.size(2), k.size(2)}) : at::Tensor();
    std::vector<AttentionTask> tasks;
    tasks.reserve(static_cast<std::size_t>(q.size(0)));
    for (std::int64_t batch = 0; batch < q.size(0); ++batch) {
        tasks.push_back(
            {.queries = inputs_of(q, batch),
             .keys = inputs_of(k, batch),
             .values = inputs_of(v, batch),
             .mask = inputs_of(added, batch),
             .scores = {},
             .outputs = rows_of_batch(seen.mutable_data_ptr<float>(), seen, batch),
             .totals = nullptr,
             .heads = static_cast<std::size_t>(q.size(1)),
             .rows = static_cast<std::size_t>(q.size(2)),
             .count = static_cast<std::size_t>(k.size(2)),
             .columns = static_cast<std::size_t>(q.size(3)),
             .scale = static_cast<float>(scale)}
        );
    }
    attend_to(tasks, at::get_num_threads());
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
