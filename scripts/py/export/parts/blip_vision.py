"""The vision tower of BLIP and BLIP-2. Module names are the keys of the checkpoint's files."""

import torch
from torch import Tensor, nn

from export.parts.blocks import Mlp, attend_all


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
        has_bias = getattr(config, "qkv_bias", True)  # in BLIP that is no question
        self.qkv = nn.Linear(config.hidden_size, 3 * config.hidden_size, bias=has_bias)
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
