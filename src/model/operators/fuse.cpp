#include "model/operators/fuse.h"

#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/subgraph_matcher.h>
#include <torch/csrc/jit/passes/subgraph_rewrite.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace vignette {
namespace {

using torch::jit::Match;
using torch::jit::Value;
using NamedValues = std::unordered_map<std::string, Value*>;

using Constant = std::pair<std::string, c10::IValue>;

struct Fusion {
    std::string calls;
    std::string one;
    std::vector<Constant> constants;  // which must be these
};

constexpr auto float32 = static_cast<std::int64_t>(at::kFloat);

// Llama scales what it has widened and ends in the type of its inputs, T5 scales its inputs and ends in the
// type of its weights. Here all are the same.
Fusion norm_that_scales(const std::string& scaled) {
    const std::string graph = R"(
graph(%x, %weights, %typed, %epsilon, %float, %no, %none, %two, %last, %yes, %one):)";
    return {
        .calls = graph + R"(
  %wide = aten::to(%x, %float, %no, %no, %none)
  %squares = aten::pow(%wide, %two)
  %mean = aten::mean(%squares, %last, %yes, %none)
  %sum = aten::add(%mean, %epsilon, %one)
  %factor = aten::rsqrt(%sum)
  %normed = aten::mul()" +
                 scaled + R"(, %factor)
  %type = prim::dtype(%typed)
  %narrow = aten::to(%normed, %type, %no, %no, %none)
  %out = aten::mul(%weights, %narrow)
  return (%out))",
        .one = graph + R"(
  %out = vignette::norm(%x, %weights, %epsilon)
  return (%out))",
        .constants =
            {{"float", float32},
             {"no", false},
             {"two", 2},
             {"last", std::vector<std::int64_t>{-1}},
             {"yes", true},
             {"one", 1}}
    };
}

std::vector<Fusion> turns() {
    return {
        {.calls = R"(
graph(%x, %cosines, %sines, %axis, %two, %last, %one):
  %straight = aten::mul(%x, %cosines)
  %size = aten::size(%x, %axis)
  %half = aten::floordiv(%size, %two)
  %shifts : int[] = prim::ListConstruct(%half)
  %rolled = aten::roll(%x, %shifts, %last)
  %across = aten::mul(%rolled, %sines)
  %out = aten::add(%straight, %across, %one)
  return (%out))",
         .one = R"(
graph(%x, %cosines, %sines, %axis, %two, %last, %one):
  %out = vignette::turn(%x, %cosines, %sines)
  return (%out))",
         .constants = {{"axis", -1}, {"two", 2}, {"last", std::vector<std::int64_t>{-1}}, {"one", 1}}}
    };
}

std::vector<Fusion> gates() {
    constexpr auto silu = R"(
graph(%x, %times):
  %factor : float = prim::Constant[value=1.]()
  %out = vignette::gate(%x, %times, %factor)
  return (%out))";
    return {
        {.calls = R"(
graph(%x, %times):
  %opened = aten::silu(%x)
  %out = aten::mul_(%opened, %times)
  return (%out))",
         .one = silu,
         .constants = {}},
        {.calls = R"(
graph(%x, %times):
  %opened = aten::silu(%x)
  %out = aten::mul(%opened, %times)
  return (%out))",
         .one = silu,
         .constants = {}},
        {.calls = R"(
graph(%x, %factor):
  %scaled = aten::mul(%x, %factor)
  %open = aten::sigmoid(%scaled)
  %out = aten::mul(%x, %open)
  return (%out))",
         .one = R"(
graph(%x, %factor):
  %none : NoneType = prim::Constant()
  %out = vignette::gate(%x, %none, %factor)
  return (%out))",
         .constants = {}},
    };
}

bool is_constant(const Value* value, const c10::IValue& wanted) {
    const std::optional<c10::IValue> constant = torch::jit::toIValue(value);
    return constant && *constant == wanted;
}

}  // namespace

void fuse_between(const std::shared_ptr<torch::jit::Graph>& graph) {
    std::vector<Fusion> fusions = {norm_that_scales("%wide"), norm_that_scales("%x")};
    std::ranges::move(turns(), std::back_inserter(fusions));
    std::ranges::move(gates(), std::back_inserter(fusions));
    for (const Fusion& fusion : fusions) {
        torch::jit::SubgraphRewriter rewriter;
        rewriter.RegisterRewritePattern(fusion.calls, fusion.one);
        std::shared_ptr<torch::jit::Graph> rewritten = graph;
        rewriter.runOnGraph(rewritten, [&](const Match& match, const NamedValues& names) {
            return std::ranges::all_of(fusion.constants, [&](const auto& one) {
                return is_constant(match.values_map.at(names.at(one.first)), one.second);
            });
        });
    }
}

}  // namespace vignette
