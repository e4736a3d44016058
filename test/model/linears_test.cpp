#include <ATen/ops/abs.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/div.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/full.h>
#include <ATen/ops/item.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/serialization/import.h>

#include <ATen/core/dispatch/Dispatcher.h>

#include "model/golden.h"
#include "model/linears/ops.h"
#include "model/linears/own_linears.h"

namespace vignette {
namespace {

constexpr Dtype all_types[] = {Dtype::float32, Dtype::float16, Dtype::bfloat16, Dtype::int8};

std::vector<torch::jit::Function*> methods_of(const torch::jit::Module& module) {
    std::vector<torch::jit::Function*> found;
    for (const char* name :
         {"encode", "encode_frames", "pack", "embed", "place", "prefill", "prefill_more", "decode",
          "embed_image", "embed_text"})
        if (const auto method = module.find_method(name)) found.push_back(&method->function());
    return found;
}

at::Tensor call(const char* name, std::vector<c10::IValue> stack) {
    register_linear_ops();
    c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
    return stack.front().toTensor();
}

// What narrow weights stand for, in float32.
at::Tensor widened(const at::Tensor& weights, std::int64_t columns) {
    return call("vignette::embedding", {weights, at::arange(weights.size(0)), columns});
}

// The largest difference, as a part of the sizes of what was added up.
double apart(const at::Tensor& found, const at::Tensor& expected, const at::Tensor& sizes) {
    EXPECT_EQ(found.sizes(), expected.sizes());
    const at::Tensor parts = found.sub(expected).abs().div(sizes.view(found.sizes()));
    return parts.max().item().toDouble();
}

// All that has two dimensions is multiplied with or looked up in, but tables of positions, which are added as
// a whole: a call of a family's program that the pass does not know would cost it its speed in silence.
TEST(OwnLinears, AllWeightsOfEachFamilyButTablesOfPositionsMayBeNarrow) {
    std::vector<std::string> families(captioner_families.begin(), captioner_families.end());
    families.insert(families.end(), {"llava_next_video", "clip"});
    for (const std::string& family : families) {
        const Manifest manifest = golden_manifest(family);
        const torch::jit::Module module =
            torch::jit::load((golden_bundle(family) / manifest.program.file).string());
        const auto names = use_own_linears(module, methods_of(module));
        for (const auto& [name, value] : module.named_parameters()) {
            const bool positions = name.contains("position") || name.contains("embed_positions");
            if (positions) continue;
            EXPECT_EQ(names.contains(name), value.dim() == 2) << family << ": " << name;
        }
    }
}

TEST(OwnLinears, AsMuchAsAtenForFewAndForManyRows) {
    const c10::InferenceMode guard;
    for (const Dtype type : all_types) {
        for (const std::int64_t rows : {1, 3, 8, 9, 64, 65, 130}) {
            for (const std::int64_t results : {7, 300}) {
                const at::Tensor weights = narrow_weights(at::randn({results, 70}), type);
                const at::Tensor plain = type == Dtype::float32 ? weights : widened(weights, 70);
                const at::Tensor x = at::randn({rows, 70}), bias = at::randn({results});
                const at::Tensor biased = at::linear(x, plain, bias);
                const at::Tensor sizes = at::linear(x.abs(), plain.abs(), bias.abs());
                // Of 70 products: as far as sums in float32 and inputs in 16 bits can be from exact ones.
                const double limit = type == Dtype::int8 ? 2e-4 : 5e-6;
                EXPECT_LT(apart(call("vignette::linear", {x, weights, bias}), biased, sizes), limit);
                EXPECT_LT(
                    apart(call("vignette::linear", {x, weights, c10::IValue()}), at::linear(x, plain), sizes),
                    limit
                );
                const at::Tensor deep = x.view({rows, 1, 70});
                EXPECT_LT(
                    apart(
                        call("vignette::linear", {deep, weights, bias}), biased.view({rows, 1, results}),
                        sizes
                    ),
                    limit
                );
                // Into rows with gaps, as in a cache.
                at::Tensor cache = at::zeros({rows, 2, results});
                call("vignette::linear_out", {x, weights, bias, cache.select(1, 1)});
                EXPECT_LT(apart(cache.select(1, 1), biased, sizes), limit);
                EXPECT_TRUE(cache.select(1, 0).equal(at::zeros({rows, results})));
                const at::Tensor alone = call("vignette::linear", {x[0], weights, bias});
                EXPECT_EQ(alone.dim(), 1);
                EXPECT_LT(apart(alone, biased[0], sizes[0]), limit);
            }
        }
    }
}

TEST(OwnLinears, NoRowsGiveNoRows) {
    const at::Tensor weights = narrow_weights(at::randn({5, 70}), Dtype::int8);
    EXPECT_EQ(
        call("vignette::linear", {at::zeros({0, 70}), weights, c10::IValue()}).sizes(),
        (at::IntArrayRef{0, 5})
    );
}

TEST(OwnLinears, WhatDoesNotFitThrows) {
    const at::Tensor half = narrow_weights(at::randn({5, 70}), Dtype::float16);
    const at::Tensor whole = narrow_weights(at::randn({5, 70}), Dtype::int8);
    const at::Tensor x = at::randn({2, 69});
    EXPECT_THROW(call("vignette::linear", {x, half, c10::IValue()}), c10::Error);
    EXPECT_THROW(call("vignette::linear", {at::randn({2, 200}), whole, c10::IValue()}), c10::Error);
    EXPECT_THROW(
        call("vignette::linear", {at::randn({2, 70}).to(at::kBFloat16), half, c10::IValue()}), c10::Error
    );
    EXPECT_THROW(call("vignette::linear", {at::randn({2, 70}), half, at::randn({4})}), c10::Error);
    EXPECT_THROW(call("vignette::linear", {at::randn({2, 70}), half.t(), c10::IValue()}), c10::Error);
    EXPECT_THROW(call("vignette::embedding", {whole, at::full({1}, 5, at::kLong), 70}), c10::Error);
    EXPECT_THROW(call("vignette::embedding", {whole, at::full({1}, -1, at::kLong), 70}), c10::Error);
}

}  // namespace
}  // namespace vignette
