"""BLIP-2 with an OPT language model. Module names are the keys of the checkpoint's files, so weights are found by name."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.blocks import (
    Mlp,
    StepPlan,
    Window,
    all_equal,
    ascending,
    attend_all,
    attend_causal,
    attend_slots,
    dense,
    dense_into,
    first_of_range,
    is_vector,
    open_window,
    plan_step,
    to_list,
)
from export.errors import ExportError

FAMILY = "blip2-opt"
POSITION_OFFSET = 2  # OPT's table of positions starts with two rows that nobody uses


class VisionEmbeddings(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        positions = (config.image_size // patch) ** 2 + 1
        self.class_embedding = nn.Parameter(torch.zeros(1, 1, width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch)
        self.position_embedding = nn.Parameter(torch.zeros(1, positions, width))

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embedding(pixels.to(self.class_embedding.dtype)).flatten(2).transpose(1, 2)
        start = self.class_embedding.expand(pixels.size(0), 1, -1)
        return torch.cat([start, patches], dim=1) + self.position_embedding


class VisionAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // self.heads
        self.scale = self.head_dim**-0.5
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=config.qkv_bias)
        self.projection = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).view(x.size(0), x.size(1), 3, self.heads, self.head_dim).unbind(2)
        return self.projection(attend_all(q, k, v, self.scale))


class VisionLayer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.self_attn = VisionAttention(config)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = Mlp(config.hidden_size, config.intermediate_size)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class VisionEncoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layers = nn.ModuleList([VisionLayer(config) for _ in range(config.num_hidden_layers)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class VisionModel(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.embeddings = VisionEmbeddings(config)
        self.encoder = VisionEncoder(config)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.post_layernorm(self.encoder(self.embeddings(pixels)))


class QFormerHeads(nn.Module):
    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.heads = config.num_attention_heads
        self.head_dim = config.hidden_size // self.heads
        self.scale = self.head_dim**-0.5
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(source_width, config.hidden_size)
        self.value = nn.Linear(source_width, config.hidden_size)

    def split(self, x: Tensor) -> Tensor:
        return x.view(x.size(0), x.size(1), self.heads, self.head_dim)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.key(source)), self.split(self.value(source))
        return attend_all(q, k, v, self.scale)


class DenseAddNorm(nn.Module):
    def __init__(self, inner: int, width: int, eps: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inner, width)
        self.LayerNorm = nn.LayerNorm(width, eps=eps)

    def forward(self, x: Tensor, residual: Tensor) -> Tensor:
        return self.LayerNorm(self.dense(x) + residual)


class QFormerAttention(nn.Module):
    def __init__(self, config, source_width: int) -> None:
        super().__init__()
        self.attention = QFormerHeads(config, source_width)
        self.output = DenseAddNorm(config.hidden_size, config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor, source: Tensor) -> Tensor:
        return self.output(self.attention(x, source), x)


class DenseGelu(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, inner)

    def forward(self, x: Tensor) -> Tensor:
        return F.gelu(self.dense(x))


class QFormerLayer(nn.Module):
    def __init__(self, config, index: int) -> None:
        super().__init__()
        self.attention = QFormerAttention(config, config.hidden_size)
        looks = index % config.cross_attention_frequency == 0
        self.crossattention = QFormerAttention(config, config.encoder_hidden_size) if looks else None
        self.intermediate_query = DenseGelu(config.hidden_size, config.intermediate_size)
        self.output_query = DenseAddNorm(config.intermediate_size, config.hidden_size, config.layer_norm_eps)

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        x = self.attention(x, x)
        if self.crossattention is not None:
            x = self.crossattention(x, picture)
        return self.output_query(self.intermediate_query(x), x)


class QFormerEncoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layer = nn.ModuleList([QFormerLayer(config, i) for i in range(config.num_hidden_layers)])

    def forward(self, x: Tensor, picture: Tensor) -> Tensor:
        for layer in self.layer:
            x = layer(x, picture)
        return x


class QFormer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = QFormerEncoder(config)

    def forward(self, queries: Tensor, picture: Tensor) -> Tensor:
        return self.encoder(self.layernorm(queries), picture)


class OptAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.head_dim = width // self.heads
        # The reference scales the query and then attends with scale 1. Another order rounds differently, except for
        # powers of two: those are left to attention, which saves an operation.
        scaling = self.head_dim**-0.5
        self.scales_query = math.frexp(scaling)[0] != 0.5
        self.query_scale = scaling if self.scales_query else 1.0
        self.attention_scale = 1.0 if self.scales_query else scaling
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, self.head_dim))

    def query(self, x: Tensor) -> Tensor:
        q = dense(x, self.q_proj.weight, self.q_proj.bias)
        if self.scales_query:
            q.mul_(self.query_scale)
        return q

    def prefill(self, x: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        q, k, v = self.split(self.query(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        keys.narrow(1, 0, x.size(1)).index_copy_(0, slots, k)
        values.narrow(1, 0, x.size(1)).index_copy_(0, slots, v)
        return self.out_proj(attend_causal(q, k, v, self.attention_scale))

    def decode(self, x: Tensor, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        q = self.split(self.query(x))
        keys.flatten(0, 1).index_copy_(0, plan.rows, self.split(self.k_proj(x)))
        values.flatten(0, 1).index_copy_(0, plan.rows, self.split(self.v_proj(x)))
        return self.out_proj(attend_slots(q, keys, values, plan, self.attention_scale))

    def decode_window(self, x: Tensor, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        dense_into(new_key, x, self.k_proj.weight, self.k_proj.bias)
        dense_into(new_value, x, self.v_proj.weight, self.v_proj.bias)
        q = self.query(x).view(-1, self.heads, 1, self.head_dim)
        seen = F.scaled_dot_product_attention(q, keys, values, scale=self.attention_scale).view_as(x)
        return dense(seen, self.out_proj.weight, self.out_proj.bias)


class OptLayer(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width = config.hidden_size
        self.self_attn = OptAttention(config)
        self.self_attn_layer_norm = nn.LayerNorm(width)
        self.fc1 = nn.Linear(width, config.ffn_dim)
        self.fc2 = nn.Linear(config.ffn_dim, width)
        self.final_layer_norm = nn.LayerNorm(width)

    def finish(self, x: Tensor, attended: Tensor) -> Tensor:
        x = attended.add_(x)
        inner = dense(self.final_layer_norm(x), self.fc1.weight, self.fc1.bias).relu_()
        return dense(inner, self.fc2.weight, self.fc2.bias).add_(x)

    def prefill(self, x: Tensor, slots: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.prefill(self.self_attn_layer_norm(x), slots, keys, values))

    def decode(self, x: Tensor, plan: StepPlan, keys: Tensor, values: Tensor) -> Tensor:
        return self.finish(x, self.self_attn.decode(self.self_attn_layer_norm(x), plan, keys, values))

    def decode_window(self, x: Tensor, new_key: Tensor, new_value: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        normed = self.self_attn_layer_norm(x)
        return self.finish(x, self.self_attn.decode_window(normed, new_key, new_value, keys, values))


class OptDecoder(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.offset = POSITION_OFFSET
        self.embed_positions = nn.Embedding(config.max_position_embeddings + self.offset, config.hidden_size)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size)
        self.layers = nn.ModuleList([OptLayer(config) for _ in range(config.num_hidden_layers)])

    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        x = embeds + self.embed_positions.weight.narrow(0, self.offset, embeds.size(1))
        for i, layer in enumerate(self.layers):
            x = layer.prefill(x, slots, k_cache[i], v_cache[i])
        last = x[torch.arange(x.size(0), device=x.device), lengths - 1]
        return self.final_layer_norm(last)

    def decode(self, tokens: Tensor, positions: Tensor, plan: StepPlan, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        x = self.embed_tokens(tokens) + self.embed_positions(positions + self.offset)
        for i, layer in enumerate(self.layers):
            x = layer.decode(x, plan, k_cache[i], v_cache[i])
        return self.final_layer_norm(x)

    def decode_window(self, tokens: Tensor, position: int, window: Window) -> Tensor:
        x = self.embed_tokens(tokens) + self.embed_positions.weight.select(0, position + self.offset)
        if is_vector(x.size(0), x):
            x = x.squeeze(0)
        new_keys, new_values, keys, values = window
        for i, layer in enumerate(self.layers):
            x = layer.decode_window(x, new_keys[i], new_values[i], keys[i], values[i])
        return self.final_layer_norm(x)


class OptModel(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.decoder = OptDecoder(config)


class OptForCausalLM(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.model = OptModel(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def logits(self, x: Tensor) -> Tensor:
        logits = torch.mv(self.lm_head.weight, x).unsqueeze(0) if x.dim() == 1 else self.lm_head(x)
        return logits.to(torch.float32)


class Blip2Opt(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.image_token = int(config.image_token_index)
        query_width = config.qformer_config.hidden_size
        self.vision_model = VisionModel(config.vision_config)
        self.query_tokens = nn.Parameter(torch.zeros(1, config.num_query_tokens, query_width))
        self.qformer = QFormer(config.qformer_config)
        self.language_projection = nn.Linear(query_width, config.text_config.hidden_size)
        self.language_model = OptForCausalLM(config.text_config)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W] -> features [N,Q,D]"""
        picture = self.vision_model(pixels)
        queries = self.query_tokens.expand(picture.size(0), -1, -1)
        # A float16 model keeps its Q-Former in float32: in and out are cast. In other dtypes these are no-ops.
        seen = self.qformer(queries, picture.to(queries.dtype))
        return self.language_projection(seen.to(picture.dtype))

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [Q,D] of one sequence -> [T,D]"""
        words = self.language_model.model.decoder.embed_tokens(ids)
        return words.masked_scatter((ids == self.image_token).unsqueeze(-1), features.to(words.dtype))

    @torch.jit.export
    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [B,T,D] padded on the right, slots [B], lengths [B] -> logits [B,V] of each last position"""
        x = self.language_model.model.decoder.prefill(embeds, slots, lengths, k_cache, v_cache)
        return self.language_model.logits(x)

    @torch.jit.export
    def decode(self, tokens: Tensor, positions: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """tokens, positions, slots [B] -> logits [B,V]"""
        decoder = self.language_model.model.decoder
        if k_cache.is_cuda:
            plan = plan_step(positions, slots, -1, k_cache)
            return self.language_model.logits(decoder.decode(tokens, positions, plan, k_cache, v_cache))
        slot_list, position_list = to_list(slots), to_list(positions)
        first = first_of_range(slot_list)
        sorts = first >= 0 and not ascending(slot_list)
        places = slots
        if sorts:  # then the cache need not be copied to bring its rows in our order
            order, places = slots.argsort(), slots - first
            tokens, positions, slots = tokens[order], positions[order], slots[order]
        if first >= 0 and all_equal(position_list):
            position = position_list[0]
            window = open_window(k_cache, v_cache, first, len(slot_list), position)
            x = decoder.decode_window(tokens, position, window)
        else:
            plan = plan_step(positions, slots, first, k_cache)
            x = decoder.decode(tokens, positions, plan, k_cache, v_cache)
        if sorts:
            x = x[places]
        return self.language_model.logits(x)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)


# What the program above does. A checkpoint that asks for something else is refused, not silently captioned wrong.
OPT_SETTINGS = {
    "activation_function": "relu",
    "do_layer_norm_before": True,
    "_remove_final_layer_norm": False,
    "enable_bias": True,
    "layer_norm_elementwise_affine": True,
}

POSITIONS_MAX = 256  # of a slot: captions are short, and a cache of 2048 positions would be mostly empty
DEFAULT_PROMPT = "a photo of"
MAX_LENGTH, MAX_LENGTH_LIMIT, MIN_LENGTH = 40, 50, 8
NUM_BEAMS, NUM_BEAMS_LIMIT = 3, 3


def check(config) -> None:
    text = config.text_config
    for name, known in OPT_SETTINGS.items():
        _require(f"text_config.{name}", getattr(text, name), known)
    _require("text_config.word_embed_proj_dim", text.word_embed_proj_dim, text.hidden_size)
    _require("vision_config.hidden_act", config.vision_config.hidden_act, "gelu")
    _require("qformer_config.hidden_act", config.qformer_config.hidden_act, "gelu")
    if config.image_token_index is None:
        raise ExportError("config.json has no image_token_index: it is an old revision; download the current one")
    if inner_generation(config).eos_token_id is None:
        raise ExportError("config.json has no text_config.eos_token_id: no caption would ever end")
    for name, token in named_tokens(config):
        if not isinstance(token, int) or not 0 <= token < text.vocab_size:
            raise ExportError(f"config.json has {name} {token!r}, which is not in the vocabulary of {text.vocab_size}")


def _require(name: str, value, known) -> None:
    if value != known:
        raise ExportError(f"config.json has {name} {value!r}; only {known!r} can be exported")


def named_tokens(config) -> list[tuple[str, int]]:
    text = config.text_config
    ends = [("text_config.eos_token_id", token) for token in end_tokens(config)]
    return ends + [
        ("image_token_index", config.image_token_index),
        ("text_config.bos_token_id", text.bos_token_id),
        ("text_config.pad_token_id", text.pad_token_id),
    ]


def end_tokens(config) -> list[int]:
    ends = inner_generation(config).eos_token_id
    return list(ends) if isinstance(ends, (list, tuple)) else [ends]


def inner_generation(config):
    """The reference generates with the language model's own settings, made from text_config, where only the special
    tokens still count: it drops length_penalty and the like there, and ignores generation_config.json."""
    from transformers import GenerationConfig

    return GenerationConfig.from_model_config(config.text_config)


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = Blip2Opt(config).eval()
    return module.requires_grad_(False)


def describe(config) -> dict:
    text, generation = config.text_config, inner_generation(config)
    positions = min(text.max_position_embeddings, POSITIONS_MAX)
    limit = min(MAX_LENGTH_LIMIT, positions - config.num_query_tokens - 1)
    if limit < 1:
        raise ExportError(f"{positions} positions leave no room for words after {config.num_query_tokens} image tokens")
    head = "language_model.lm_head.weight"
    return {
        "ties": {head: "language_model.model.decoder.embed_tokens.weight"} if text.tie_word_embeddings else {},
        "renames": [],
        "float32": ["query_tokens", "qformer."],
        "text": {
            "template": "{prompt}",
            "default_prompt": DEFAULT_PROMPT,
            "image_token": config.image_token_index,
            "image_tokens": config.num_query_tokens,
            "bos": text.bos_token_id,
            "eos": end_tokens(config),
            "pad": text.pad_token_id,
            "vocabulary": text.vocab_size,
        },
        "cache": {
            "layers": text.num_hidden_layers,
            "heads": text.num_attention_heads,
            "head_dim": text.hidden_size // text.num_attention_heads,
            "positions": positions,
        },
        "generation": {
            "max_length": min(MAX_LENGTH, limit),
            "max_length_limit": limit,
            "min_length": min(MIN_LENGTH, limit),
            "num_beams": NUM_BEAMS,
            "num_beams_limit": NUM_BEAMS_LIMIT,
            "length_penalty": 1.0 if generation.length_penalty is None else float(generation.length_penalty),
            "early_stopping": bool(generation.early_stopping),
        },
    }
