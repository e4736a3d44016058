#include <ATen/ops/abs.h>
#include <ATen/ops/add.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/div.h>
#include <ATen/ops/embedding.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/item.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/max.h>
#include <ATen/ops/mean.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/pow.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/sigmoid.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/ir/irparser.h>
#include <torch/csrc/jit/serialization/import.h>

#include <ATen/core/dispatch/Dispatcher.h>

#include <optional>

#include "model/golden.h"
#include "model/operators/fuse.h"
#include "model/operators/linear.h"
#include "model/operators/own_operators.h"

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

std::vector<std::string> all_families() {
    std::vector<std::string> families(captioner_families.begin(), captioner_families.end());
    families.insert(families.end(), {"llava_next_video", "clip"});
    return families;
}

at::Tensor call(const char* name, std::vector<c10::IValue> stack) {
    register_linear_ops();
    c10::Dispatcher::singleton().findSchemaOrThrow(name, "").callBoxed(&stack);
    return stack.front().toTensor();
}

at::Tensor narrowed(const at::Tensor& weights, Dtype type) {
    return narrow_weights(weights, type, [](at::IntArrayRef shape, at::ScalarType made_of) {
        return at::empty(shape, made_of);
    });
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
    for (const std::string& family : all_families()) {
        const Manifest manifest = golden_manifest(family);
        const torch::jit::Module module =
            torch::jit::load((golden_bundle(family) / manifest.program.file).string());
        const auto names = use_own_operators(module, methods_of(module));
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
                const at::Tensor weights = narrowed(at::randn({results, 70}), type);
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

at::Tensor attend(
    const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const c10::IValue& mask, double scale
) {
    return call("vignette::attention", {q, k, v, mask, false, scale});
}

// As programs call it: keys and values are views of a cache, masks are shared by heads or differ.
TEST(OwnAttention, AsMuchAsAtens) {
    const c10::InferenceMode guard;
    for (const std::int64_t batch : {1, 3}) {
        for (const std::int64_t rows : {1, 4, 16, 17}) {
            for (const std::int64_t count : {1, 15, 200}) {
                const at::Tensor cache = at::randn({2, batch, count, 2, 40}).transpose(2, 3);
                const at::Tensor k = cache[0], v = cache[1], q = at::randn({batch, 2, rows, 40});
                const at::Tensor none;
                const auto expect_same = [&](const at::Tensor& mask) {
                    const c10::IValue given = mask.defined() ? c10::IValue(mask) : c10::IValue();
                    const std::optional<at::Tensor> asked =
                        mask.defined() ? std::optional(mask) : std::nullopt;
                    const at::Tensor expected =
                        at::scaled_dot_product_attention(q, k, v, asked, 0.0, false, 0.3);
                    const at::Tensor found = attend(q, k, v, given, 0.3);
                    EXPECT_LT(apart(found, expected, at::ones(expected.sizes())), 2e-5)
                        << batch << " x " << rows << " x " << count;
                };
                expect_same(none);
                expect_same(at::randn({batch, 1, 1, count}));
                expect_same(at::randn({batch, 2, rows, count}));
                expect_same(at::randn({1, 2, 1, count}));
                expect_same(at::randn({batch, 1, rows, 1}));
            }
        }
    }
}

TEST(OwnAttention, WhatIsNotForOursGoesToAtens) {
    const c10::InferenceMode guard;
    const at::Tensor q = at::randn({1, 4, 3, 8}), k = at::randn({1, 4, 3, 8});
    const auto both = [](const at::Tensor& queries, const at::Tensor& keys, bool causal) {
        const at::Tensor found =
            call("vignette::attention", {queries, keys, keys, c10::IValue(), causal, c10::IValue()});
        return found.equal(at::scaled_dot_product_attention(queries, keys, keys, {}, 0.0, causal));
    };
    EXPECT_TRUE(both(q, k, true));
    EXPECT_TRUE(both(q.to(at::kHalf), k.to(at::kHalf), false));
    EXPECT_TRUE(both(q, k.transpose(2, 3).contiguous().transpose(2, 3), false));
}

// Rows as prompts and as steps have them; the turns of many positions, of one, and of none that fit.
TEST(OwnBetween, AsMuchAsAtens) {
    const c10::InferenceMode guard;
    using Sizes = std::vector<std::int64_t>;
    const auto near = [](const at::Tensor& found, const at::Tensor& expected) {
        return found.sizes() == expected.sizes() && found.dtype() == expected.dtype() &&
               at::allclose(found, expected, 1e-5, 1e-6);
    };
    for (const Sizes& leading : {Sizes{}, Sizes{3}, Sizes{2, 700}}) {
        Sizes shape = leading;
        shape.insert(shape.end(), {4, 70});  // heads
        for (const at::Tensor& x :
             {at::randn(shape), at::randn(shape).to(at::kDouble),
              at::randn(shape).transpose(-1, -2).contiguous().transpose(-1, -2)}) {
            const at::Tensor weights = at::randn({70}), times = at::randn(shape);
            const at::Tensor wide = x.to(at::kFloat);
            const at::Tensor normed = wide.mul(wide.pow(2).mean({-1}, true).add(1e-5).rsqrt());
            EXPECT_TRUE(
                near(call("vignette::norm", {x, weights, 1e-5}), weights.mul(normed.to(x.scalar_type())))
            );
            const at::Tensor opened = x.mul(x.mul(1.702).sigmoid());
            EXPECT_TRUE(near(call("vignette::gate", {x, c10::IValue(), 1.702}), opened));
            EXPECT_TRUE(near(call("vignette::gate", {x, times, 1.702}), opened.mul(times)));
            Sizes places = shape;
            places[places.size() - 2] = 1;
            const Sizes of_one(places.begin() + (places.size() > 3 ? 1 : 0), places.end());
            for (const Sizes& turns : {Sizes{70}, Sizes{1, 70}, places, of_one}) {
                const at::Tensor cosines = at::randn(turns), sines = at::randn(turns);
                const at::Tensor turned = x.mul(cosines).add(x.roll({35}, {-1}).mul(sines));
                EXPECT_TRUE(near(call("vignette::turn", {x, cosines, sines}), turned))
                    << at::IntArrayRef(turns);
            }
        }
    }
    EXPECT_EQ(call("vignette::gate", {at::zeros({0, 5}), c10::IValue(), 1.0}).numel(), 0);
}

// Each family's program keeps none of the calls that ours stand for.
TEST(OwnBetween, AreUsedByEachFamily) {
    for (const std::string& family : all_families()) {
        const Manifest manifest = golden_manifest(family);
        const torch::jit::Module module =
            torch::jit::load((golden_bundle(family) / manifest.program.file).string());
        use_own_operators(module, methods_of(module));
        for (const torch::jit::Function* function : methods_of(module)) {
            const std::string text = torch::jit::toGraphFunction(*function).graph()->toString(false);
            for (const char* call :
                 {"aten::rsqrt", "aten::roll", "aten::silu", "aten::sigmoid", "aten::mv", "aten::addmv"})
                EXPECT_FALSE(text.contains(call)) << family << " " << function->name() << ": " << call;
        }
    }
}

TEST(OwnBetween, WhatOnlyLooksLikeANormOrATurnStays) {
    const auto fused = [](const char* axes, const char* exponent, const char* part) {
        const std::string text = std::string(R"(
graph(%x, %weights, %epsilon : float):
  %float : int = prim::Constant[value=6]()
  %no : bool = prim::Constant[value=0]()
  %yes : bool = prim::Constant[value=1]()
  %none : NoneType = prim::Constant()
  %one : int = prim::Constant[value=1]()
  %end : int = prim::Constant[value=-1]()
  %exponent : int = prim::Constant[value=)") +
                                 exponent + R"(]()
  %axes : int[] = prim::Constant[value=)" +
                                 axes + R"(]()
  %part : int = prim::Constant[value=)" +
                                 part + R"(]()
  %wide = aten::to(%x, %float, %no, %no, %none)
  %squares = aten::pow(%wide, %exponent)
  %mean = aten::mean(%squares, %axes, %yes, %none)
  %sum = aten::add(%mean, %epsilon, %one)
  %factor = aten::rsqrt(%sum)
  %normed = aten::mul(%wide, %factor)
  %type = prim::dtype(%x)
  %narrow = aten::to(%normed, %type, %no, %no, %none)
  %out = aten::mul(%weights, %narrow)
  %straight = aten::mul(%out, %weights)
  %size = aten::size(%out, %end)
  %half = aten::floordiv(%size, %part)
  %shifts : int[] = prim::ListConstruct(%half)
  %rolled = aten::roll(%out, %shifts, %axes)
  %across = aten::mul(%rolled, %weights)
  %turned = aten::add(%straight, %across, %one)
  return (%turned))";
        const auto graph = std::make_shared<torch::jit::Graph>();
        torch::jit::parseIR(text, graph.get());
        register_linear_ops();
        fuse_between(graph);
        return graph->toString(false);
    };
    const std::string ours = fused("[-1]", "2", "2");
    EXPECT_TRUE(ours.contains("vignette::norm") && ours.contains("vignette::turn")) << ours;
    EXPECT_FALSE(fused("[0]", "2", "2").contains("vignette"));
    EXPECT_FALSE(fused("[-1]", "3", "2").contains("vignette::norm"));
    EXPECT_FALSE(fused("[-1]", "2", "3").contains("vignette::turn"));
}

TEST(OwnLinears, NoRowsGiveNoRows) {
    const at::Tensor weights = narrowed(at::randn({5, 70}), Dtype::int8);
    EXPECT_EQ(
        call("vignette::linear", {at::zeros({0, 70}), weights, c10::IValue()}).sizes(),
        (at::IntArrayRef{0, 5})
    );
}

TEST(OwnLinears, WhatDoesNotFitThrows) {
    const at::Tensor half = narrowed(at::randn({5, 70}), Dtype::float16);
    const at::Tensor whole = narrowed(at::randn({5, 70}), Dtype::int8);
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
