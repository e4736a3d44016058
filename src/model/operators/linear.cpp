#include "model/operators/linear.h"

#include <ATen/Parallel.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/addmv.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/mv.h>
#include <torch/library.h>

#include "kernels/cpu/choose.h"
#include "kernels/cpu/crew.h"
#include "model/operators/attention.h"
#include "model/operators/between.h"
#include "model/torch_wall.h"

namespace vignette {
namespace {

// Rows of weights that one thread takes at least: less work than this costs more to hand out than to do.
constexpr std::int64_t products_at_least = 1 << 18;
constexpr std::int64_t rows_few = 8;
constexpr std::int64_t rows_many = 64;
constexpr std::int64_t widened_at_once = 256;  // rows of weights, which the second cache should hold

Dtype type_of(const at::Tensor& weights) {
    switch (weights.scalar_type()) {
        case at::kFloat: return Dtype::float32;
        case at::kHalf: return Dtype::float16;
        case at::kBFloat16: return Dtype::bfloat16;
        case at::kChar: return Dtype::int8;
        default: TORCH_CHECK(false, "vignette::linear has no kernel for ", weights.scalar_type());
    }
}

WeightRows rows_of(const at::Tensor& weights, std::int64_t columns) {
    const Dtype type = type_of(weights);
    TORCH_CHECK(weights.dim() == 2 && weights.is_contiguous(), "weights must be rows without gaps");
    const std::size_t row_bytes =
        static_cast<std::size_t>(weights.size(1)) * static_cast<std::size_t>(weights.element_size());
    const auto wanted = static_cast<std::size_t>(columns);
    TORCH_CHECK(
        type == Dtype::int8 ? row_bytes == int8_row_bytes(wanted) : weights.size(1) == columns, "weights ",
        weights.sizes(), " do not fit inputs of ", columns, " columns"
    );
    return {
        .type = type,
        .data = static_cast<const std::byte*>(weights.const_data_ptr()),
        .row_bytes = row_bytes,
        .count = static_cast<std::size_t>(weights.size(0)),
        .columns = wanted
    };
}

void multiply_into(
    const at::Tensor& x, const at::Tensor& weights, const std::optional<at::Tensor>& bias, float* out,
    std::int64_t step
) {
    const std::int64_t columns = x.size(-1);
    const std::int64_t rows = columns == 0 ? 0 : x.numel() / columns;
    if (rows == 0) return;
    TORCH_CHECK(
        x.scalar_type() == at::kFloat, "vignette::linear takes float32 inputs, not ", x.scalar_type()
    );
    const WeightRows layer = rows_of(weights, columns);
    TORCH_CHECK(
        !bias ||
            (bias->scalar_type() == at::kFloat && bias->is_contiguous() && bias->numel() == weights.size(0)),
        "vignette::linear's bias must be float32, a number for each result"
    );
    const LinearInputs inputs(
        x.const_data_ptr<float>(), static_cast<std::size_t>(rows), static_cast<std::size_t>(columns),
        layer.type
    );
    const LinearOutputs outputs{
        .values = out,
        .row_step = static_cast<std::size_t>(step),
        .bias = bias ? bias->const_data_ptr<float>() : nullptr
    };
    const std::int64_t least = std::max<std::int64_t>(1, products_at_least / (rows * columns));
    share_work(
        at::get_num_threads(), layer.count, static_cast<std::size_t>(least),
        [&](std::size_t begin, std::size_t end) { multiply(layer, inputs, outputs, begin, end); }
    );
}

// With float32 weights ours are for the few rows of a decode step; for more, aten's calls are made for that.
bool is_for_aten(const at::Tensor& x, const at::Tensor& weights) {
    if (weights.scalar_type() != x.scalar_type()) return false;
    return x.scalar_type() != at::kFloat || x.numel() > rows_few * x.size(-1) || !has_fast_kernels();
}

at::Tensor aten_linear(
    const at::Tensor& x, const at::Tensor& weights, const std::optional<at::Tensor>& bias
) {
    if (x.dim() > 1) return at::linear(x, weights, bias);
    return bias ? at::addmv(*bias, weights, x) : at::mv(weights, x);
}

// Half-precision weights for many rows: widened piece by piece, for the multiplication of whole matrices.
void multiply_widened(
    const at::Tensor& x, const at::Tensor& weights, const std::optional<at::Tensor>& bias, at::Tensor& out
) {
    const at::Tensor rows = x.flatten(0, -2);
    at::Tensor results = out.view({rows.size(0), weights.size(0)});
    for (std::int64_t begin = 0; begin < weights.size(0); begin += widened_at_once) {
        const std::int64_t count = std::min(widened_at_once, weights.size(0) - begin);
        const at::Tensor piece = weights.narrow(0, begin, count).to(at::kFloat).t();
        at::Tensor part = results.narrow(1, begin, count);
        if (bias) {
            at::addmm_out(part, bias->narrow(0, begin, count), rows, piece);
        } else {
            at::mm_out(part, rows, piece);
        }
    }
}

at::Tensor own_linear(const at::Tensor& x, const at::Tensor& weights, const std::optional<at::Tensor>& bias) {
    if (is_for_aten(x, weights)) return aten_linear(x, weights, bias);
    std::vector<std::int64_t> shape = x.sizes().vec();
    TORCH_CHECK(!shape.empty(), "vignette::linear takes rows");
    shape.back() = weights.size(0);
    at::Tensor out = at::empty(shape, x.options());
    if (weights.element_size() == 2 && x.numel() > rows_many * x.size(-1)) {
        multiply_widened(x, weights, bias, out);
        return out;
    }
    multiply_into(x.contiguous(), weights, bias, out.mutable_data_ptr<float>(), weights.size(0));
    return out;
}

at::Tensor& own_linear_out(
    const at::Tensor& x, const at::Tensor& weights, const std::optional<at::Tensor>& bias, at::Tensor& out
) {
    // Results stand side by side; the rows may have gaps, as in a cache.
    const bool fits = out.scalar_type() == at::kFloat && out.dim() == x.dim() && out.dim() >= 1 &&
                      out.dim() <= 2 && out.size(-1) == weights.size(0) && out.stride(-1) == 1 &&
                      out.size(0) == (out.dim() == 2 ? x.size(0) : out.size(0));
    if (fits && !is_for_aten(x, weights)) {
        const std::int64_t step = out.dim() == 2 ? out.stride(0) : weights.size(0);
        multiply_into(x.contiguous(), weights, bias, out.mutable_data_ptr<float>(), step);
    } else {
        out.copy_(own_linear(x, weights, bias));
    }
    return out;
}

at::Tensor own_embedding(const at::Tensor& weights, const at::Tensor& ids, std::int64_t columns) {
    if (weights.scalar_type() == at::kFloat) return at::embedding(weights, ids);
    const WeightRows table = rows_of(weights, columns);
    std::vector<std::int64_t> shape = ids.sizes().vec();
    shape.push_back(columns);
    at::Tensor out = at::empty(shape, weights.options().dtype(at::kFloat));
    const at::Tensor listed = ids.contiguous();
    const auto* id = listed.const_data_ptr<std::int64_t>();
    float* row = out.mutable_data_ptr<float>();
    for (std::int64_t i = 0; i < listed.numel(); ++i, row += columns) {
        TORCH_CHECK_INDEX(id[i] >= 0 && id[i] < weights.size(0), "index out of range in self");
        to_float_row(table, static_cast<std::size_t>(id[i]), row);
    }
    return out;
}

at::Tensor to_int8(const at::Tensor& weights, const MakeTensor& make) {
    const at::Tensor rows =
        weights.scalar_type() == at::kDouble ? weights.to(at::kFloat) : weights.contiguous();
    const WeightRows from = rows_of(rows, weights.size(1));
    const std::size_t row_bytes = int8_row_bytes(from.columns);
    const at::Tensor made = make({weights.size(0), static_cast<std::int64_t>(row_bytes)}, at::kChar);
    auto* const bytes = static_cast<std::byte*>(made.mutable_data_ptr());
    const std::size_t least = std::max<std::size_t>(1, (1 << 16) / from.columns);
    share_work(at::get_num_threads(), from.count, least, [&](std::size_t begin, std::size_t end) {
        std::vector<float> row(from.columns);
        for (std::size_t i = begin; i < end; ++i) {
            to_float_row(from, i, row.data());
            to_int8_row(row.data(), from.columns, bytes + i * row_bytes);
        }
    });
    return made;
}

}  // namespace

void register_linear_ops() {
    static const torch::Library library = [] {
        torch::Library made(torch::Library::DEF, "vignette", std::nullopt, __FILE__, __LINE__);
        made.def("linear(Tensor x, Tensor weights, Tensor? bias) -> Tensor", own_linear);
        made.def(
            "linear_out(Tensor x, Tensor weights, Tensor? bias, Tensor(a!) out) -> Tensor(a!)", own_linear_out
        );
        made.def("embedding(Tensor weights, Tensor ids, int columns) -> Tensor", own_embedding);
        define_attention(made);
        define_between(made);
        return made;
    }();
}

bool can_be_narrow(at::IntArrayRef shape) {
    return shape.size() == 2 && shape[0] > 0 && shape[1] > 0 &&
           shape[1] <= static_cast<std::int64_t>(int8_columns_max);
}

at::Tensor narrow_weights(const at::Tensor& weights, Dtype type, const MakeTensor& make) {
    if (type == Dtype::int8) return to_int8(weights, make);
    if (weights.scalar_type() == to_torch(type) && weights.is_contiguous()) return weights;
    return make(weights.sizes(), to_torch(type)).copy_(weights);
}

}  // namespace vignette
