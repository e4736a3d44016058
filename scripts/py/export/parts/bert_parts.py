"""Blocks of the BERT kind, with the norm after the sum. Module names are the keys of the checkpoint's files."""

import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import attend_all, attend_causal, reserve_pack, write_prompts, write_step
from export.parts.two_parts import TwoParts, attend_part, write_prompt, write_rows

# What a decoder's heads have side by side on a GPU: parameters of the module that names the whole.
PACKS = {
    "attention.self.packed": ["query.weight", "key.weight", "value.weight"],
    "attention.self.packed_bias": ["query.bias", "key.bias", "value.bias"],
    "crossattention.self.packed": ["key.weight", "value.weight"],
    "crossattention.self.packed_bias": ["key.bias", "value.bias"],
}


class DenseAddNorm(nn.Module):
    def __init__(self, inner: int, width: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + residual)


class DenseGelu(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.dense(x))


class BertHeads(nn.Module):
    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // self.heads
        self.scale = self.head_dim**-0.5
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(source_width, config.hidden_size)
        self.value = nn.Linear(source_width, config.hidden_size)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (-1, self.head_dim))

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        return attend_all(q, k, v, self.scale)


class BertDecoderHeads(BertHeads):
    def __init__(self, config, source_width: int) -> None:
        super().__init__(config, source_width)
        reserve_pack(self, "packed", "packed_bias")

    def all_packed(self, x: Tensor) -> Tensor:
        """The heads of what is packed, one after the other."""
        return self.split(F.linear(x, self.packed, self.packed_bias))

    def prefill_own(self, x: Tensor, first: int, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """x [B,T,D], whose rows begin at position `first` of the slots"""
        if x.is_cuda:
            qkv = self.all_packed(x)
            write_prompts(keys, values, slots, first, qkv.narrow(2, self.heads, 2 * self.heads))
            q, k, v = qkv.chunk(3, 2)
        else:
            q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
            write_prompt(keys, slots, first, k)
            write_prompt(values, slots, first, v)
        return attend_causal(q, k, v, self.scale)

    def prefill_seen(self, x: Tensor, source: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        q = self.split(self.query(x))
        if x.is_cuda:
            both = self.all_packed(source)
            write_prompts(keys, values, slots, 0, both)
            k, v = both.chunk(2, 2)
        else:
            k, v = self.split(self.key(source)), self.split(self.value(source))
            write_prompt(keys, slots, 0, k)
            write_prompt(values, slots, 0, v)
        return attend_all(q, k, v, self.scale)

    def decode_own(self, x: Tensor, plan: TwoParts, keys: Tensor, values: Tensor) -> Tensor:
        if x.is_cuda:
            qkv = self.all_packed(x)
            q = qkv.narrow(1, 0, self.heads)
            write_step(keys, values, plan.rows, qkv.narrow(1, self.heads, 2 * self.heads))
        else:
            write_rows(keys, plan.rows, self.split(self.key(x)))
            write_rows(values, plan.rows, self.split(self.value(x)))
            q = self.split(self.query(x))
        return attend_part(q, keys, values, plan, plan.own, self.scale)

    def decode_seen(self, x: Tensor, plan: TwoParts, keys: Tensor, values: Tensor) -> Tensor:
        return attend_part(self.split(self.query(x)), keys, values, plan, plan.seen, self.scale)


class BertHeadsAndOutput(nn.Module):
    """The checkpoint calls the heads `self`."""

    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.self = BertDecoderHeads(config, source_width)
        self.output = DenseAddNorm(config.hidden_size, config.hidden_size, config.layer_norm_eps)


class BertDecoderLayer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.attention = BertHeadsAndOutput(config, config.hidden_size)
        self.crossattention = BertHeadsAndOutput(config, config.encoder_hidden_size)
        self.intermediate = DenseGelu(config.hidden_size, config.intermediate_size)
        self.output = DenseAddNorm(config.intermediate_size, config.hidden_size, config.layer_norm_eps)

    def prefill(self, x: Tensor, picture: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        own = self.attention.self.prefill_own(x, picture.size(1), slots, keys, values)
        x = self.attention.output(own, x)
        x = self.crossattention.output(self.crossattention.self.prefill_seen(x, picture, slots, keys, values), x)
        return self.output(self.intermediate(x), x)

    def decode(self, x: Tensor, plan: TwoParts, keys: Tensor, values: Tensor) -> Tensor:
        x = self.attention.output(self.attention.self.decode_own(x, plan, keys, values), x)
        x = self.crossattention.output(self.crossattention.self.decode_seen(x, plan, keys, values), x)
        return self.output(self.intermediate(x), x)
