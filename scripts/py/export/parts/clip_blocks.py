"""CLIP's two towers, scriptable. Module names are the keys of the checkpoints' files, misspellings included."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.blocks import attend_all, attend_causal

ACTIVATIONS = ("quick_gelu", "gelu")


class ClipMlp(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.quick = config.hidden_act == "quick_gelu"
        self.fc1 = nn.Linear(config.hidden_size, config.intermediate_size)
        self.fc2 = nn.Linear(config.intermediate_size, config.hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.fc1(x)
        return self.fc2(inner * torch.sigmoid(1.702 * inner) if self.quick else F.gelu(inner))


class ClipAttention(nn.Module):
    def __init__(self, config, causal: bool) -> None:
        super().__init__()
        width = config.hidden_size
        self.heads = config.num_attention_heads
        self.head_dim = width // self.heads
        self.scale = self.head_dim**-0.5
        self.causal = causal
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, self.head_dim))

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.split(self.q_proj(x)), self.split(self.k_proj(x)), self.split(self.v_proj(x))
        seen = attend_causal(q, k, v, self.scale) if self.causal else attend_all(q, k, v, self.scale)
        return self.out_proj(seen)


class ClipLayer(nn.Module):
    def __init__(self, config, causal: bool) -> None:
        super().__init__()
        self.self_attn = ClipAttention(config, causal)
        self.layer_norm1 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.mlp = ClipMlp(config)
        self.layer_norm2 = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class ClipEncoder(nn.Module):
    def __init__(self, config, layers: int, causal: bool) -> None:
        super().__init__()
        self.layers = nn.ModuleList([ClipLayer(config, causal) for _ in range(layers)])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class ClipVisionEmbeddings(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width, patch = config.hidden_size, config.patch_size
        self.class_embedding = nn.Parameter(torch.zeros(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding((config.image_size // patch) ** 2 + 1, width)

    def forward(self, pixels: Tensor) -> Tensor:
        patches = self.patch_embedding(pixels.to(self.class_embedding.dtype)).flatten(2).transpose(1, 2)
        start = self.class_embedding.expand(pixels.size(0), 1, -1)
        return torch.cat([start, patches], dim=1) + self.position_embedding.weight


class ClipVisionLayers(nn.Module):
    """The vision tower up to the output of its layer number `layers`. pixels [N,3,H,W] -> [N,1+patches,width]"""

    def __init__(self, config, layers: int) -> None:
        super().__init__()
        self.embeddings = ClipVisionEmbeddings(config)
        self.pre_layrnorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)
        self.encoder = ClipEncoder(config, layers, causal=False)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encoder(self.pre_layrnorm(self.embeddings(pixels)))


class ClipVision(ClipVisionLayers):
    """The whole tower: the class token says what the picture shows. -> [N,width]"""

    def __init__(self, config) -> None:
        super().__init__(config, config.num_hidden_layers)
        self.post_layernorm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, pixels: Tensor) -> Tensor:
        x = self.encoder(self.pre_layrnorm(self.embeddings(pixels)))
        return self.post_layernorm(x[:, 0])


class ClipTextEmbeddings(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.hidden_size)
        self.position_embedding = nn.Embedding(config.max_position_embeddings, config.hidden_size)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight.narrow(0, 0, ids.size(1))


class ClipText(nn.Module):
    """ids [N,T], padded on the right -> [N,width], what the end of each text says. Padding cannot reach it."""

    def __init__(self, config) -> None:
        super().__init__()
        self.end = int(config.eos_token_id)
        self.embeddings = ClipTextEmbeddings(config)
        self.encoder = ClipEncoder(config, config.num_hidden_layers, causal=True)
        self.final_layer_norm = nn.LayerNorm(config.hidden_size, eps=config.layer_norm_eps)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.final_layer_norm(self.encoder(self.embeddings(ids)))
        # The first checkpoints name a wrong end, 2. There the reference takes the highest id, the real end, for it.
        ends = (ids if self.end == 2 else (ids == self.end).to(torch.int32)).argmax(-1)
        return x[torch.arange(x.size(0), device=x.device), ends]
