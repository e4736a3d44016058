"""The vision tower of Qwen3-VL: learned positions, stretched to the picture; and features of several depths, of which
all but the last are added behind the decoder's first layers (deepstack)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.llama_blocks import Rotary
from export.parts.qwen_vision import EPSILON, PatchEmbed, VisionAttention, patch_places, patchify, vision_rotary


class PlainMlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.linear_fc1 = nn.Linear(width, inner)
        self.linear_fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_fc2(F.gelu(self.linear_fc1(x), approximate="tanh"))


class DeepBlock(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.hidden_size, eps=EPSILON)
        self.norm2 = nn.LayerNorm(config.hidden_size, eps=EPSILON)
        self.attn = VisionAttention(config)
        self.mlp = PlainMlp(config.hidden_size, config.intermediate_size)

    def forward(self, x: Tensor, rotary: Rotary) -> Tensor:
        x = x + self.attn(self.norm1(x), rotary, [(1, x.size(1))])
        return x + self.mlp(self.norm2(x))


class DeepMerger(nn.Module):
    """Joins the patches of a cell."""

    def __init__(self, config, late: bool) -> None:
        super().__init__()
        self.late = late  # the norm comes after the patches are joined
        self.joined = config.hidden_size * config.spatial_merge_size**2
        self.norm = nn.LayerNorm(self.joined if late else config.hidden_size, eps=EPSILON)
        self.linear_fc1 = nn.Linear(self.joined, self.joined)
        self.linear_fc2 = nn.Linear(self.joined, config.out_hidden_size)

    def forward(self, x: Tensor) -> Tensor:
        shape = [x.size(0), -1, self.joined]
        x = self.norm(x.reshape(shape)) if self.late else self.norm(x).reshape(shape)
        return self.linear_fc2(F.gelu(self.linear_fc1(x)))


def neighbours(places: Tensor, size: int, side: int) -> tuple[Tensor, Tensor]:
    """Of each place on an axis of `size`: two neighbours in a table of `side`, and their weights in float32; [S,2]."""
    at = places.to(torch.float32) * (side - 1) / max(size - 1, 1)
    floor = torch.floor(at)
    near = torch.arange(2, device=places.device)
    distance = (at[:, None] - floor[:, None] - near).abs()
    return (floor.to(torch.int64)[:, None] + near).clamp(0, side - 1), (1 - distance).clamp(min=0)


class DeepVision(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.patch, self.merge = config.patch_size, config.spatial_merge_size
        self.head_dim = config.hidden_size // config.num_heads
        self.theta = float(config.rope_parameters["rope_theta"])
        self.side = int(config.num_position_embeddings**0.5)
        self.patch_embed = PatchEmbed(config, bias=True)
        self.pos_embed = nn.Embedding(config.num_position_embeddings, config.hidden_size)
        self.blocks = nn.ModuleList([DeepBlock(config) for _ in range(config.depth)])
        self.merger = DeepMerger(config, late=False)
        chosen = list(config.deepstack_visual_indexes)
        self.stops = [chosen.index(i) if i in chosen else -1 for i in range(config.depth)]
        self.deepstack_merger_list = nn.ModuleList([DeepMerger(config, late=True) for _ in chosen])

    def positions(self, height: int, width: int, device: torch.device) -> Tensor:
        """[S,W] in float32"""
        rows, columns = patch_places(height, width, self.merge, device)
        down, down_weights = neighbours(rows, height, self.side)
        across, across_weights = neighbours(columns, width, self.side)
        places = (down[:, :, None] * self.side + across[:, None, :]).flatten(1)
        weights = (down_weights[:, :, None] * across_weights[:, None, :]).flatten(1)
        return (self.pos_embed(places) * weights[:, :, None]).sum(1)

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels [N,F,3,H,W], groups that do not see each other -> [N,cells,D*(1+stops)]: what stands in the prompt,
        then what the first layers add"""
        height, width = pixels.size(3) // self.patch, pixels.size(4) // self.patch
        x = self.patch_embed(patchify(pixels, self.patch, self.merge))
        x = x + self.positions(height, width, pixels.device).to(x.dtype)
        rotary = vision_rotary(height, width, self.merge, self.head_dim, self.theta, pixels.device)
        deep: list[Tensor] = []
        for i, block in enumerate(self.blocks):
            x = block(x, rotary)
            for j, merger in enumerate(self.deepstack_merger_list):
                if self.stops[i] == j:
                    deep.append(merger(x))
        return torch.cat([self.merger(x)] + deep, -1)  # noqa: RUF005  TorchScript unpacks no lists
