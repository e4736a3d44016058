"""The vision tower of Qwen2.5-VL: most layers look at windows only. A picture's windows are of at most four shapes
(inner, right edge, bottom edge, corner), so each attention is a few dense ones."""

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.llama_blocks import RmsNorm, Rotary
from export.parts.qwen_vision import EPSILON, PatchEmbed, VisionAttention, patchify, vision_rotary


class Windows(NamedTuple):
    order: Tensor  # [cells]: which cell stands where
    shapes: list[tuple[int, int]]  # of each region: windows, cells of a window


def plan_windows(height: int, width: int, side: int, device: torch.device) -> Windows:
    """Cells of a picture region by region; windows of a region follow one another, and so do the cells of a window."""
    cells = torch.arange(height * width, device=device).view(height, width)
    down, across = height // side * side, width // side * side
    parts: list[Tensor] = []
    shapes: list[tuple[int, int]] = []
    for top, bottom, tall in [(0, down, side), (down, height, height - down)]:
        for left, right, wide in [(0, across, side), (across, width, width - across)]:
            if bottom > top and right > left:
                rows, columns = (bottom - top) // tall, (right - left) // wide
                region = cells[top:bottom, left:right].reshape(rows, tall, columns, wide)
                parts.append(region.transpose(1, 2).flatten())
                shapes.append((rows * columns, tall * wide))
    return Windows(torch.cat(parts), shapes)


class GatedMlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(width, inner)
        self.up_proj = nn.Linear(width, inner)
        self.down_proj = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))


class WindowBlock(nn.Module):
    def __init__(self, config, everywhere: bool) -> None:
        super().__init__()
        self.everywhere = everywhere
        self.norm1 = RmsNorm(config.hidden_size, EPSILON)
        self.norm2 = RmsNorm(config.hidden_size, EPSILON)
        self.attn = VisionAttention(config)
        self.mlp = GatedMlp(config.hidden_size, config.intermediate_size)

    def forward(self, x: Tensor, rotary: Rotary, windows: list[tuple[int, int]]) -> Tensor:
        groups = [(1, x.size(1))] if self.everywhere else windows
        x = x + self.attn(self.norm1(x), rotary, groups)
        return x + self.mlp(self.norm2(x))


class WindowMerger(nn.Module):
    """Joins the patches of a cell."""

    def __init__(self, config) -> None:
        super().__init__()
        self.joined = config.hidden_size * config.spatial_merge_size**2
        self.ln_q = RmsNorm(config.hidden_size, EPSILON)
        self.mlp = nn.Sequential(
            nn.Linear(self.joined, self.joined), nn.GELU(), nn.Linear(self.joined, config.out_hidden_size)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.mlp(self.ln_q(x).reshape(x.size(0), -1, self.joined))


def window_cells(config) -> int:
    """The side of a window, in cells."""
    return config.window_size // config.patch_size // config.spatial_merge_size


class WindowVision(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.patch, self.merge = config.patch_size, config.spatial_merge_size
        self.side = window_cells(config)
        self.head_dim = config.hidden_size // config.num_heads
        self.theta = float(config.rope_parameters["rope_theta"])
        self.patch_embed = PatchEmbed(config, bias=False)
        full = config.fullatt_block_indexes
        self.blocks = nn.ModuleList([WindowBlock(config, i in full) for i in range(config.depth)])
        self.merger = WindowMerger(config)

    def forward(self, pixels: Tensor) -> Tensor:
        """pixels [N,F,3,H,W], groups that do not see each other -> [N,cells,D], cells row by row"""
        height, width, unit = pixels.size(3) // self.patch, pixels.size(4) // self.patch, self.merge * self.merge
        windows = plan_windows(height // self.merge, width // self.merge, self.side, pixels.device)
        groups: list[tuple[int, int]] = []
        for count, cells in windows.shapes:
            groups.append((count, cells * unit))
        x = self.patch_embed(patchify(pixels, self.patch, self.merge))
        x = x.unflatten(1, [-1, unit]).index_select(1, windows.order).flatten(1, 2)
        turns = vision_rotary(height, width, self.merge, self.head_dim, self.theta, pixels.device)
        rotary = Rotary(
            turns.cosines.unflatten(0, [-1, unit]).index_select(0, windows.order).flatten(0, 1),
            turns.sines.unflatten(0, [-1, unit]).index_select(0, windows.order).flatten(0, 1),
        )
        for block in self.blocks:
            x = block(x, rotary, groups)
        return self.merger(x).index_select(1, windows.order.argsort())
