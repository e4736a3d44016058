"""Blocks of the BERT kind, with the norm after the sum. Module names are the keys of the checkpoint's files."""

import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import attend_all, attend_causal
from export.parts.two_parts import Part, TwoParts, attend_part, write_prompt, write_rows


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
        return x.unflatten(-1, (self.heads, self.head_dim))

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        return attend_all(q, k, v, self.scale)

    def prefill_own(self, x: Tensor, first: int, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """x [B,T,D], whose rows begin at position `first` of the slots"""
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        write_prompt(keys, slots, first, k)
        write_prompt(values, slots, first, v)
        return attend_causal(q, k, v, self.scale)

    def prefill_seen(self, x: Tensor, source: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        write_prompt(keys, slots, 0, k)
        write_prompt(values, slots, 0, v)
        return attend_all(q, k, v, self.scale)

    def write(self, x: Tensor, plan: TwoParts, keys: Tensor, values: Tensor) -> None:
        write_rows(keys, plan.rows, self.split(self.key(x)))
        write_rows(values, plan.rows, self.split(self.value(x)))

    def look(self, x: Tensor, plan: TwoParts, part: Part, keys: Tensor, values: Tensor) -> Tensor:
        return attend_part(self.split(self.query(x)), keys, values, plan, part, self.scale)


class BertHeadsAndOutput(nn.Module):
    """The checkpoint calls the heads `self`."""

    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.self = BertHeads(config, source_width)
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
        self.attention.self.write(x, plan, keys, values)
        x = self.attention.output(self.attention.self.look(x, plan, plan.own, keys, values), x)
        x = self.crossattention.output(self.crossattention.self.look(x, plan, plan.seen, keys, values), x)
        return self.output(self.intermediate(x), x)
