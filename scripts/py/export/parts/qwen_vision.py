"""What the vision towers of Qwen2.5-VL and Qwen3-VL share, scriptable, for batches of equally large pictures. Module
names are the keys of the files below `visual.`."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.parts.llama_blocks import Rotary, turn

EPSILON = 1e-6  # of every norm of the towers; no config says it


def patchify(pixels: Tensor, patch: int, merge: int) -> Tensor:
    """pixels [N,F,3,H,W], groups of F frames -> [N,S,3*F*patch*patch]. The patches of a cell follow one another, cells
    go row by row; inside a patch channel, frame, row, column."""
    n, frames, height, width = pixels.size(0), pixels.size(1), pixels.size(3) // patch, pixels.size(4) // patch
    x = pixels.reshape(n, frames, 3, height // merge, merge, patch, width // merge, merge, patch)
    return x.permute(0, 3, 6, 4, 7, 2, 1, 5, 8).reshape(n, height * width, -1)


def stand_still(pixels: Tensor, frames: int) -> Tensor:
    """pictures [N,3,H,W] as groups of frames that each show the same [N,frames,3,H,W]"""
    return pixels.unsqueeze(1).expand(-1, frames, -1, -1, -1)


def patch_places(height: int, width: int, merge: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Row and column of each patch [S], in the order of patchify()."""
    rows = torch.arange(height, device=device)[:, None].expand(height, width)
    columns = torch.arange(width, device=device)[None, :].expand(height, width)
    cells = [height // merge, merge, width // merge, merge]
    return rows.reshape(cells).transpose(1, 2).flatten(), columns.reshape(cells).transpose(1, 2).flatten()


def vision_rotary(height: int, width: int, merge: int, head_dim: int, theta: float, device: torch.device) -> Rotary:
    """[S,1,D] in float32: one half of a head's pairs turns with the row, the other with the column."""
    rows, columns = patch_places(height, width, merge, device)
    half = head_dim // 2
    steps = torch.arange(0, half, 2, dtype=torch.float32, device=device)
    frequencies = 1.0 / (theta ** (steps / half))
    places = torch.stack([rows, columns], 1).to(torch.float32)
    angles = (places[:, :, None] * frequencies).flatten(1)[:, None, :]
    cosines, sines = angles.cos(), angles.sin()
    return Rotary(torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1))


def turn_wide(x: Tensor, rotary: Rotary) -> Tensor:
    """In float32 whatever the model's dtype, then rounded: the towers do it so, the decoders do not."""
    return turn(x.to(torch.float32), rotary).to(x.dtype)


def attend_groups(q: Tensor, k: Tensor, v: Tensor, groups: list[tuple[int, int]], scale: float) -> Tensor:
    """Patches see those of their own window. q, k, v [N,S,H,D]; groups (windows, patches of each) one after another
    along S -> [N,S,H*D]"""
    seen: list[Tensor] = []
    first = 0
    for count, length in groups:
        views: list[Tensor] = []
        for x in [q, k, v]:
            views.append(x.narrow(1, first, count * length).unflatten(1, [count, length]).flatten(0, 1).transpose(1, 2))
        one = F.scaled_dot_product_attention(views[0], views[1], views[2], scale=scale)
        seen.append(one.transpose(1, 2).reshape(q.size(0), count * length, -1))
        first += count * length
    return seen[0] if len(seen) == 1 else torch.cat(seen, 1)


class VisionAttention(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.heads = config.num_heads
        self.scale = (config.hidden_size // config.num_heads) ** -0.5
        self.qkv = nn.Linear(config.hidden_size, config.hidden_size * 3)
        self.proj = nn.Linear(config.hidden_size, config.hidden_size)

    def forward(self, x: Tensor, rotary: Rotary, groups: list[tuple[int, int]]) -> Tensor:
        q, k, v = self.qkv(x).unflatten(-1, [3, self.heads, -1]).unbind(2)
        return self.proj(attend_groups(turn_wide(q, rotary), turn_wide(k, rotary), v, groups, self.scale))


class PatchEmbed(nn.Module):
    """A convolution whose kernel is a whole patch: a product, which is several times as fast on a CPU."""

    def __init__(self, config, bias: bool) -> None:
        super().__init__()
        kernel = [config.temporal_patch_size, config.patch_size, config.patch_size]
        self.proj = nn.Conv3d(config.in_channels, config.hidden_size, kernel, stride=kernel, bias=bias)

    def forward(self, patches: Tensor) -> Tensor:
        weight = self.proj.weight
        return F.linear(patches.to(weight.dtype), weight.flatten(1), self.proj.bias)
