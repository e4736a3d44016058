"""Blocks of T5. Module names are the keys of the checkpoint's files."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import reserve_pack, write_prompts, write_step
from export.parts.two_parts import Part, TwoParts, attend_part, write_prompt, write_rows

# Weights that a GPU has side by side: parameters of the module that names the whole.
PACKS = {
    "SelfAttention.packed": ["q.weight", "k.weight", "v.weight"],
    "EncDecAttention.packed": ["k.weight", "v.weight"],
    "DenseReluDense.packed": ["wi_0.weight", "wi_1.weight"],
}


def add_product(x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    """x + y W'; on a GPU written over x, where all are of one type."""
    if x.is_cuda and x.dtype == weight.dtype:
        x.flatten(0, -2).addmm_(y.flatten(0, -2), weight.t())
        return x
    return x + F.linear(y, weight)


class T5Norm(nn.Module):
    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        if x.is_cuda:
            if x.dtype == self.weight.dtype:
                return torch.rms_norm(x, [x.size(-1)], self.weight, self.eps)
            normed = torch.rms_norm(x, [x.size(-1)], None, self.eps)
            return torch.mul(normed, self.weight, out=torch.empty_like(normed, dtype=self.weight.dtype))
        variance = x.to(torch.float32).pow(2).mean(-1, keepdim=True)
        return self.weight * (x * torch.rsqrt(variance + self.eps)).to(self.weight.dtype)


class T5Attention(nn.Module):
    """The scores are not scaled."""

    def __init__(self, config, has_bias: bool) -> None:
        super().__init__()
        self.heads = config.num_heads
        self.head_dim = config.d_kv
        inner = self.heads * self.head_dim
        self.q = nn.Linear(config.d_model, inner, bias=False)
        self.k = nn.Linear(config.d_model, inner, bias=False)
        self.v = nn.Linear(config.d_model, inner, bias=False)
        self.o = nn.Linear(inner, config.d_model, bias=False)
        buckets = config.relative_attention_num_buckets
        self.relative_attention_bias = nn.Embedding(buckets, self.heads) if has_bias else None
        reserve_pack(self, "packed")

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_dim))

    def all_packed(self, x: Tensor) -> Tensor:
        """The heads of what is packed, one after the other."""
        return self.split(F.linear(x, self.packed))

    def keys_and_values(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.split(self.k(x)), self.split(self.v(x))

    def everywhere(self, x: Tensor, mask: Tensor) -> Tensor:
        """What was seen, before the last product."""
        if x.is_cuda:
            q, k, v = self.all_packed(x).transpose(1, 2).chunk(3, 1)
        else:
            keys, values = self.keys_and_values(x)
            q, k, v = self.split(self.q(x)).transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2)
        seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, scale=1.0)
        return seen.transpose(1, 2).flatten(2)

    def query(self, x: Tensor) -> Tensor:
        return self.split(self.q(x))


class T5LayerSelfAttention(nn.Module):
    def __init__(self, config, has_bias: bool) -> None:
        super().__init__()
        self.SelfAttention = T5Attention(config, has_bias)
        self.layer_norm = T5Norm(config.d_model, config.layer_norm_epsilon)

    def encode(self, x: Tensor, mask: Tensor) -> Tensor:
        seen = self.SelfAttention.everywhere(self.layer_norm(x), mask)
        return clamp_infinite(add_product(x, seen, self.SelfAttention.o.weight))

    def decode(self, x: Tensor, plan: TwoParts, own: Part, keys: Tensor, values: Tensor) -> Tensor:
        normed = self.layer_norm(x)
        attention = self.SelfAttention
        if x.is_cuda:
            qkv = attention.all_packed(normed)
            q = qkv.narrow(1, 0, attention.heads)
            write_step(keys, values, plan.rows, qkv.narrow(1, attention.heads, 2 * attention.heads))
        else:
            new_keys, new_values = attention.keys_and_values(normed)
            write_rows(keys, plan.rows, new_keys)
            write_rows(values, plan.rows, new_values)
            q = attention.query(normed)
        seen = attend_part(q, keys, values, plan, own, 1.0)
        return clamp_infinite(add_product(x, seen, attention.o.weight))


class T5LayerCrossAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.EncDecAttention = T5Attention(config, False)
        self.layer_norm = T5Norm(config.d_model, config.layer_norm_epsilon)

    def remember(self, encoded: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        if encoded.is_cuda:
            write_prompts(keys, values, slots, 0, self.EncDecAttention.all_packed(encoded))
            return
        new_keys, new_values = self.EncDecAttention.keys_and_values(encoded)
        write_prompt(keys, slots, 0, new_keys)
        write_prompt(values, slots, 0, new_values)

    def decode(self, x: Tensor, plan: TwoParts, keys: Tensor, values: Tensor) -> Tensor:
        attention = self.EncDecAttention
        seen = attend_part(attention.query(self.layer_norm(x)), keys, values, plan, plan.seen, 1.0)
        return clamp_infinite(add_product(x, seen, attention.o.weight))


class T5DenseGatedActDense(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.wi_0 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wi_1 = nn.Linear(config.d_model, config.d_ff, bias=False)
        self.wo = nn.Linear(config.d_ff, config.d_model, bias=False)
        reserve_pack(self, "packed")

    def inner(self, x: Tensor) -> Tensor:
        # A float16 model keeps `wo` in float32, and from the first layer on what is added up is float32, too.
        wanted = self.wo.weight.dtype
        if x.is_cuda:
            gate, up = F.linear(x, self.packed).chunk(2, -1)
            gate = F.gelu(gate, approximate="tanh")
            return torch.mul(gate, up, out=torch.empty_like(gate, dtype=wanted))
        return (gelu_new(self.wi_0(x)) * self.wi_1(x)).to(wanted)


class T5LayerFF(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.DenseReluDense = T5DenseGatedActDense(config)
        self.layer_norm = T5Norm(config.d_model, config.layer_norm_epsilon)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.DenseReluDense.inner(self.layer_norm(x))
        return clamp_infinite(add_product(x, inner, self.DenseReluDense.wo.weight))


class T5EncoderBlock(nn.Module):
    def __init__(self, config, has_bias: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList([T5LayerSelfAttention(config, has_bias), T5LayerFF(config)])

    def encode(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.layer[1](self.layer[0].encode(x, mask))


class T5DecoderBlock(nn.Module):
    def __init__(self, config, has_bias: bool) -> None:
        super().__init__()
        layers = [T5LayerSelfAttention(config, has_bias), T5LayerCrossAttention(config), T5LayerFF(config)]
        self.layer = nn.ModuleList(layers)

    def remember(self, encoded: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> None:
        self.layer[1].remember(encoded, slots, keys, values)

    def decode(self, x: Tensor, plan: TwoParts, own: Part, keys: Tensor, values: Tensor) -> Tensor:
        x = self.layer[0].decode(x, plan, own, keys, values)
        return self.layer[2](self.layer[1].decode(x, plan, keys, values))


class T5Stack(nn.Module):
    def __init__(self, config, layers: int, is_decoder: bool) -> None:
        super().__init__()
        kind = T5DecoderBlock if is_decoder else T5EncoderBlock
        self.block = nn.ModuleList([kind(config, i == 0) for i in range(layers)])
        self.final_layer_norm = T5Norm(config.d_model, config.layer_norm_epsilon)
        self.is_decoder = is_decoder
        self.buckets = config.relative_attention_num_buckets
        self.max_distance = config.relative_attention_max_distance

    def bias(self, distances: Tensor) -> Tensor:
        """[H, ...]: of keys that stand so far after their query; the first block's, which all share."""
        buckets = relative_buckets(distances, not self.is_decoder, self.buckets, self.max_distance)
        table = self.block[0].layer[0].SelfAttention.relative_attention_bias
        assert table is not None
        return table(buckets).movedim(-1, 0)


def relative_distances(queries: Tensor, keys: Tensor) -> Tensor:
    return keys[None, :] - queries[:, None]


def relative_buckets(distances: Tensor, both_ways: bool, buckets: int, max_distance: int) -> Tensor:
    """Near distances have a bucket each, far ones share buckets that grow as the logarithm."""
    first = torch.zeros_like(distances)
    if both_ways:
        buckets = buckets // 2
        first = (distances > 0).to(torch.long) * buckets
        distances = distances.abs()
    else:
        distances = (-distances).clamp_min(0)
    exact = buckets // 2
    # In this order of operations, which decides on which side of a border a distance falls.
    grown = torch.log(distances.to(torch.float32) / exact) / math.log(max_distance / exact) * (buckets - exact)
    far = (exact + grown.to(torch.long)).clamp_max(buckets - 1)
    return first + torch.where(distances < exact, distances, far)


def gelu_new(x: Tensor) -> Tensor:
    """The reference spells it out, which rounds differently than torch's own gelu with tanh."""
    return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


def clamp_infinite(x: Tensor) -> Tensor:
    """In float16 what overflowed comes back in range. By rows, so that no neighbour changes them."""
    if x.dtype != torch.float16:
        return x
    overflowed = x.isinf().flatten(1).any(1).view([-1] + [1] * (x.dim() - 1))
    most = (65504.0 - 1000.0 * overflowed.to(torch.float32)).to(x.dtype)  # float16's greatest number, or less
    return torch.minimum(torch.maximum(x, -most), most)
