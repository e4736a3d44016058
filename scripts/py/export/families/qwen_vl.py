"""What Qwen2.5-VL and Qwen3-VL share: the program for their pictures and films, and what their manifests say. Module
names are the keys of the files of Qwen2.5-VL; those of Qwen3-VL are found by renames."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.dialogue import Dialogue, describe_dialogue
from export.errors import ExportError
from export.films import FilmText, film_part
from export.generation import require
from export.images import fit_patches_max, image_part, image_processor
from export.parts.blocks import all_equal, arrange_step, open_window, plan_step, to_list
from export.parts.qwen_decoder import QwenModel, head_logits, packs_of
from export.parts.qwen_vision import stand_still

KIND = "captioner"


def place_tokens(ids: Tensor, grids: Tensor, image_token: int, video_token: int, cell: int) -> Tensor:
    """Where each token of a prompt stands in time, down and across: [3,T]. ids [T]; grids [P,4], in the order of the
    placeholders a row for each picture and for each group of a film's frames: frames, height and width in pixels, and
    the tick at which the group stands behind the film's beginning; [P,3] is without ticks. Words count on by one along
    all axes; the cells of a picture share the place in time, and count down and across from there; the next word stands
    behind the longer side. A group that directly follows one is of the same film: it begins where the film does, but
    for its tick, and the words behind the film stand behind its last tick, too: they are said after all of it."""
    spots = ((ids == image_token) | (ids == video_token)).nonzero()[:, 0]
    parts: list[Tensor] = []
    begin, at, read, used = 0, 0, 0, 0
    listed: list[list[int]] = grids.tolist()
    for grid in listed:
        rows, columns = grid[1] // cell, grid[2] // cell
        first = int(spots[used])
        goes_on = used > 0 and first == read and int(ids[first - 1]) == video_token and int(ids[first]) == video_token
        if not goes_on:
            words = first - read
            parts.append((torch.arange(words) + at)[None, :].expand(3, words))
            begin = at + words
        down = torch.arange(rows)[:, None].expand(rows, columns)
        across = torch.arange(columns)[None, :].expand(rows, columns)
        tick = grid[3] if len(grid) > 3 else 0
        time = torch.full_like(down, tick)
        parts.append(torch.stack([time, down, across]).flatten(1) + begin)
        at = begin + max(rows, columns, tick + 1)
        used += rows * columns
        read = first + rows * columns
    words = ids.size(0) - read
    parts.append((torch.arange(words) + at)[None, :].expand(3, words))
    return torch.cat(parts, 1)


class QwenVl(nn.Module):
    def __init__(self, config, visual: nn.Module, model: QwenModel) -> None:
        super().__init__()
        text, vision = config.text_config, config.vision_config
        self.image_token, self.video_token = int(config.image_token_id), int(config.video_token_id)
        self.frames = int(vision.temporal_patch_size)
        self.cell = int(vision.patch_size * vision.spatial_merge_size)
        self.deep = model.deep
        self.width = int(text.hidden_size)
        self.visual = visual
        self.model = model
        self.lm_head = nn.Linear(text.hidden_size, text.vocab_size, bias=False)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W], pictures of one size -> features [N,Q,D*(1+deep)], cells row by row"""
        return self.visual(stand_still(pixels, self.frames))

    @torch.jit.export
    def encode_frames(self, pixels: Tensor) -> Tensor:
        """pixels [N,F,3,H,W], groups of a film's frames of one size -> features [N,Q,D*(1+deep)]. Groups do not see
        each other."""
        return self.visual(pixels)

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D*(1+deep)] of one sequence's pictures and films -> [T,D*(1+deep)]: behind the words are
        zeros"""
        words = F.pad(self.model.embed_tokens(ids), [0, self.width * self.deep])
        seen = (ids == self.image_token) | (ids == self.video_token)
        return words.masked_scatter(seen.unsqueeze(-1), features.to(words.dtype))

    @torch.jit.export
    def place(self, ids: Tensor, grids: Tensor) -> Tensor:
        """ids [T], grids [P,4] or [P,3] -> [3,T], all on the CPU"""
        return place_tokens(ids, grids, self.image_token, self.video_token, self.cell)

    @torch.jit.export
    def prefill(
        self, embeds: Tensor, places: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """embeds [B,T,D*(1+deep)] and places [B,3,T] padded on the right, slots [B], lengths [B] -> logits [B,V] of
        each last position"""
        last = self.model.prefill(embeds, places, slots, lengths, k_cache, v_cache)
        return head_logits(last, self.lm_head.weight)

    @torch.jit.export
    def prefill_more(
        self, embeds: Tensor, places: Tensor, slot: int, first: int, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """embeds [T,D*(1+deep)] and places [3,T] of one prompt, the slot holds the `first` tokens before them -> logits
        [1,V] after the last"""
        last = self.model.prefill_more(embeds, places, slot, first, k_cache, v_cache)
        return head_logits(last, self.lm_head.weight)

    @torch.jit.export
    def decode(
        self,
        tokens: Tensor,
        positions: Tensor,
        turns: Tensor,
        prompts: Tensor,
        slots: Tensor,
        k_cache: Tensor,
        v_cache: Tensor,
    ) -> Tensor:
        """tokens, positions, turns, prompts, slots [B] -> logits [B,V]. positions: where the cache has the token;
        turns: where it stands, counted on from what place() said of its prompt."""
        if k_cache.is_cuda:
            plan = plan_step(positions, slots, -1, k_cache)
            return head_logits(self.model.decode(tokens, turns, plan, k_cache, v_cache), self.lm_head.weight)
        step = arrange_step(tokens, positions, slots)
        places = step.places
        if places is not None:
            turns = turns[slots.argsort()]
        # Two sequences may share a position and yet turn unlike: their pictures took more or fewer places.
        if step.position >= 0 and all_equal(to_list(turns)):
            window = open_window(k_cache, v_cache, step.first_slot, slots.size(0), step.position)
            x = self.model.decode_window(step.tokens, turns, window)
        else:
            plan = plan_step(step.positions, step.slots, step.first_slot, k_cache)
            x = self.model.decode(step.tokens, turns, plan, k_cache, v_cache)
        if places is not None:
            x = x[places]
        return head_logits(x, self.lm_head.weight)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)


def with_head_dim(config):
    """Qwen2.5-VL's config has no such field."""
    text = config.text_config
    text.head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    return config


VISION_SETTINGS = {"in_channels": 3, "temporal_patch_size": 2}


def check_parts(config, activation: str) -> None:
    """Refuses what the program above does not do, which would be captioned wrong, and silently."""
    text, vision = with_head_dim(config).text_config, config.vision_config
    require("text_config.hidden_act", text.hidden_act, "silu")
    require("vision_config.hidden_act", vision.hidden_act, activation)
    for name, known in VISION_SETTINGS.items():
        require(f"vision_config.{name}", getattr(vision, name), known)
    for name in ("patch_size", "spatial_merge_size"):
        if not isinstance(getattr(vision, name), int):
            raise ExportError(f"config.json has vision_config.{name} {getattr(vision, name)!r}, which is no number")
    require("vision_config.out_hidden_size", vision.out_hidden_size, text.hidden_size)
    check_rope("vision_config", vision.rope_parameters, ("axial", "default"))
    check_rope("text_config", text.rope_parameters, ("default",))
    if (vision.hidden_size // vision.num_heads) % 4:
        raise ExportError("config.json has vision_config.num_heads that leave a head no pairs for rows and columns")
    sections = text.rope_parameters.get("mrope_section")
    if not isinstance(sections, (list, tuple)) or len(sections) != 3 or 2 * sum(sections) != text.head_dim:
        raise ExportError(
            f"config.json has text_config.rope_parameters.mrope_section {sections!r}; it must be three numbers whose "
            f"sum is half of head_dim, {text.head_dim // 2}"
        )


def check_rope(part: str, rope: dict, known: tuple[str, ...]) -> None:
    if rope.get("rope_type") not in known:
        require(f"{part}.rope_parameters.rope_type", rope.get("rope_type"), known[0])
    require(f"{part}.rope_parameters.partial_rotary_factor", rope.get("partial_rotary_factor", 1.0), 1.0)


# The program's names are those of the files of Qwen2.5-VL. Those of Qwen3-VL, and of models that were saved with the
# names in memory, have one part more.
RENAMES = [["visual.", "model.visual."], ["model.", "model.language_model."]]

POSITIONS = 4096  # of a slot: the largest picture, several usual ones, a long prompt
IMAGE_TEXT = "<|vision_start|><|image_pad|><|vision_end|>"
ASKED = "<|im_start|>user\n{images}{prompt}<|im_end|>\n<|im_start|>assistant\n"


def describe_parts(config, snapshot: Path, *, bias: bool, template: str, film: FilmText, boxes: str) -> dict:
    """boxes: in what the checkpoints were taught to say where things are, as the manifest names it."""
    text, pictures = with_head_dim(config).text_config, image_processor(snapshot)
    dialogue = Dialogue(template, IMAGE_TEXT, "image_token_id", start="")
    picture = fit_patches_max(image_part(pictures, config))
    room = {"positions": min(POSITIONS, text.max_position_embeddings), "picture": picture}
    described = describe_dialogue(config, snapshot, dialogue, **room)
    described["text"]["boxes"] = boxes
    return (
        film_part(config, snapshot, pictures, film)
        | {
            "ties": {"lm_head.weight": "model.embed_tokens.weight"} if config.tie_word_embeddings else {},
            "renames": RENAMES,
            "packs": packs_of(bias),
            "float32": [],
        }
        | described
    )
