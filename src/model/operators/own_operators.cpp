#include "model/operators/own_operators.h"

#include <torch/csrc/jit/api/function_impl.h>
#include <torch/csrc/jit/ir/constants.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/inliner.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "model/operators/fuse.h"
#include "model/operators/linear.h"

namespace vignette {
namespace {

namespace aten = c10::aten;
namespace prim = c10::prim;
using torch::jit::Block;
using torch::jit::Graph;
using torch::jit::Node;
using torch::jit::Use;
using torch::jit::Value;

void visit(Block* block, const std::function<void(Node*)>& see) {
    for (auto next = block->nodes().begin(); next != block->nodes().end();) {
        Node* const node = *next++;  // which may be destroyed
        for (Block* inner : node->blocks()) visit(inner, see);
        see(node);
    }
}

// Of the module's attributes, "vision.proj.weight"; none where the value is something else.
std::optional<std::string> attribute_name(const Value* value, const Value* self) {
    std::string name;
    while (value != self) {
        const Node* node = value->node();
        if (node->kind() != prim::GetAttr) return std::nullopt;
        if (!name.empty()) name.insert(0, ".");
        name.insert(0, node->s(c10::attr::name));
        value = node->input(0);
    }
    return name;
}

bool is_none(const Value* value) {
    const std::optional<c10::IValue> constant = torch::jit::toIValue(value);
    return constant && constant->isNone();
}

bool is_number(const Value* value, double wanted) {
    const std::optional<c10::IValue> constant = torch::jit::toIValue(value);
    return constant && constant->isScalar() && constant->toScalar().toDouble() == wanted;
}

bool has_unit_factors(const Node* node) {
    return is_number(node->input(3), 1) && is_number(node->input(4), 1);
}

// One call whose weights may be narrow.
struct Call {
    Node* node;
    Value* x;
    Value* weights;
    Value* bias;  // null: none
    Value* out;   // null: none
};

// What a program does with one parameter.
class Uses {
public:
    explicit Uses(std::int64_t columns) : columns_(columns) {}

    // Of one function. False if it does anything but what our operators can do.
    bool add(Value* weights) {
        const std::vector<Use> uses = weights->uses();
        return std::ranges::all_of(uses, [&](const Use& use) { return add(weights, use); });
    }
    void replace() const;

private:
    bool add(Value* weights, const Use& use);
    bool add_transposed(Value* weights, const Node* transpose);
    void add_call(Node* node, Value* x, Value* weights, Value* bias) {
        Value* const out = node->inputs().size() == 6 ? node->input(5) : nullptr;
        calls_.push_back({node, x, weights, bias, out});
    }

    std::int64_t columns_;
    std::vector<Call> calls_;
    std::vector<Call> lookups_;  // x: the ids
    std::vector<Node*> types_;
};

bool Uses::add(Value* weights, const Use& use) {
    Node* const node = use.user;
    switch (node->kind()) {
        case prim::dtype: types_.push_back(node); return true;
        case aten::size: return node->inputs().size() == 2 && is_number(node->input(1), 0);
        case aten::embedding:
            lookups_.push_back({node, node->input(1), weights, nullptr, nullptr});
            return use.offset == 0;
        case aten::linear: add_call(node, node->input(0), weights, node->input(2)); return use.offset == 1;
        case aten::mv:
            add_call(node, node->input(1), weights, nullptr);
            return use.offset == 0 && node->inputs().size() == 2;
        case aten::addmv:
            add_call(node, node->input(2), weights, node->input(0));
            return use.offset == 1 && has_unit_factors(node);
        case aten::t: return add_transposed(weights, node);
        default: return false;
    }
}

bool Uses::add_transposed(Value* weights, const Node* transpose) {
    return std::ranges::all_of(transpose->output()->uses(), [&](const Use& use) {
        if (use.user->kind() != aten::addmm || use.offset != 2) return false;
        add_call(use.user, use.user->input(1), weights, use.user->input(0));
        return has_unit_factors(use.user);
    });
}

void put_in_place(Node* old, const char* name, const std::vector<Value*>& inputs) {
    Graph& graph = *old->owningGraph();
    Node* const made = graph.create(c10::Symbol::fromQualString(name), inputs, 1);
    graph.insertNode(made);
    made->output()->setType(c10::TensorType::get());
    old->output()->replaceAllUsesWith(made->output());
    old->destroy();
}

void Uses::replace() const {
    for (Node* node : types_) {
        const torch::jit::WithInsertPoint here(node);
        const auto computed_in = static_cast<std::int64_t>(at::kFloat);
        node->output()->replaceAllUsesWith(node->owningGraph()->insertConstant(computed_in));
        node->destroy();
    }
    for (const Call& one : calls_) {
        const torch::jit::WithInsertPoint here(one.node);
        Value* const bias =
            one.bias != nullptr ? one.bias : one.node->owningGraph()->insertConstant(c10::IValue());
        if (one.out != nullptr) {
            put_in_place(one.node, "vignette::linear_out", {one.x, one.weights, bias, one.out});
        } else {
            put_in_place(one.node, "vignette::linear", {one.x, one.weights, bias});
        }
    }
    for (const Call& one : lookups_) {
        const torch::jit::WithInsertPoint here(one.node);
        Value* const columns = one.node->owningGraph()->insertConstant(columns_);
        put_in_place(one.node, "vignette::embedding", {one.weights, one.x, columns});
    }
}

// The only node of a block that gives nothing but this node's result.
Node* lone_linear(Block* block) {
    Node* found = nullptr;
    for (Node* node : block->nodes()) {
        if (node->kind() == prim::Constant) continue;
        if (found != nullptr || node->kind() != c10::Symbol::fromQualString("vignette::linear"))
            return nullptr;
        found = node;
    }
    const bool given =
        found != nullptr && block->outputs().size() == 1 && block->outputs()[0] == found->output();
    return given ? found : nullptr;
}

// Programs have a call of aten's for a lone row and one for several. Ours is one call, which need not ask.
void join_linears(Graph& graph) {
    visit(graph.block(), [](Node* node) {
        if (node->kind() != prim::If || node->outputs().size() != 1) return;
        Node* const one = lone_linear(node->blocks()[0]);
        Node* const other = lone_linear(node->blocks()[1]);
        if (one == nullptr || other == nullptr) return;
        const auto is_same = [](const Value* a, const Value* b) {
            return a == b || (is_none(a) && is_none(b));
        };
        if (!std::ranges::equal(one->inputs(), other->inputs(), is_same)) return;
        const torch::jit::WithInsertPoint here(node);
        Value* const bias =
            is_none(one->input(2)) ? node->owningGraph()->insertConstant(c10::IValue()) : one->input(2);
        put_in_place(node, "vignette::linear", {one->input(0), one->input(1), bias});
    });
}

bool is_false(const Value* value) {
    const std::optional<c10::IValue> constant = torch::jit::toIValue(value);
    return constant && constant->isBool() && !constant->toBool();
}

// But where heads may share keys. The operator looks at what it is given, and leaves to aten's what that is
// faster for.
void use_own_attention(Graph& graph) {
    visit(graph.block(), [](Node* node) {
        if (node->kind() != aten::scaled_dot_product_attention) return;
        if (!is_number(node->input(4), 0) || !is_false(node->input(7))) return;  // dropout, grouped
        std::vector<Value*> inputs = node->inputs().vec();
        inputs.pop_back();
        inputs.erase(inputs.begin() + 4);
        const torch::jit::WithInsertPoint here(node);
        put_in_place(node, "vignette::attention", inputs);
    });
}

// As it is on a CPU, without what only a GPU does.
void settle(std::shared_ptr<Graph>& graph) {
    visit(graph->block(), [&](Node* node) {
        if (node->kind() != c10::Symbol::fromQualString("prim::is_cuda")) return;
        const torch::jit::WithInsertPoint here(node);
        node->output()->replaceAllUsesWith(graph->insertConstant(false));
        node->destroy();
    });
    torch::jit::ConstantPropagation(graph);
    torch::jit::EliminateDeadCode(graph);
}

// Programs call one function for all layers of a kind, so these are settled before each call becomes a copy.
class Settled {
public:
    // In one piece.
    std::shared_ptr<Graph> whole(torch::jit::Function& function) {
        settle_all(function);
        std::shared_ptr<Graph> graph = torch::jit::toGraphFunction(function).graph();
        torch::jit::Inline(*graph);
        torch::jit::ConstantPropagationImmutableTypes(graph);  // of what functions were called with
        return graph;
    }

private:
    void settle_all(torch::jit::Function& function) {
        if (!done_.insert(&function).second) return;
        std::shared_ptr<Graph> graph = torch::jit::toGraphFunction(function).graph();
        settle(graph);
        visit(graph->block(), [this](Node* node) {
            if (torch::jit::Function* const called = torch::jit::tryToGraphFunction(node))
                settle_all(*called);
        });
    }

    std::set<const torch::jit::Function*> done_;
};

}  // namespace

std::set<std::string, std::less<>> use_own_operators(
    const torch::jit::Module& module, std::span<torch::jit::Function* const> functions
) {
    register_linear_ops();
    std::map<std::string, Uses, std::less<>> fitting;
    for (const auto& [name, value] : module.named_parameters())
        if (can_be_narrow(value.sizes())) fitting.emplace(name, Uses(value.size(1)));
    std::vector<std::shared_ptr<Graph>> graphs;
    Settled settled;
    for (torch::jit::Function* function : functions) {
        const std::shared_ptr<Graph>& graph = graphs.emplace_back(settled.whole(*function));
        use_own_attention(*graph);
        fuse_between(graph);
        const Value* const self = graph->inputs().front();
        visit(graph->block(), [&](Node* node) {
            if (node->kind() != prim::GetAttr) return;
            const auto found = fitting.find(attribute_name(node->output(), self).value_or(""));
            if (found != fitting.end() && !found->second.add(node->output())) fitting.erase(found);
        });
    }
    std::set<std::string, std::less<>> names;
    for (const auto& [name, uses] : fitting) {
        uses.replace();
        names.insert(name);
    }
    for (const std::shared_ptr<Graph>& graph : graphs) {
        join_linears(*graph);
        torch::jit::EliminateDeadCode(graph->block());
    }
    return names;
}

}  // namespace vignette
