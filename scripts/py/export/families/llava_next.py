"""LLaVA-NeXT (v1.6) on Mistral or Llama (Vicuna). Module names are the keys of the checkpoints' files."""

from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.dialogue import MAX_LENGTH, Dialogue, describe_dialogue
from export.errors import ExportError
from export.generation import require
from export.parts.blocks import arrange_step, open_window, plan_step
from export.parts.clip_blocks import ACTIVATIONS, ClipVisionLayers
from export.parts.llama_blocks import PACKS, LlamaForCausalLM

FAMILY, KIND = "llava-next", "captioner"


def best_pinpoint(height: int, width: int, pinpoints: list[tuple[int, int]]) -> tuple[int, int]:
    """The (height, width) that keeps most of the picture's pixels and of these wastes least. In doubles, rounded as
    the reference does: whole numbers would choose otherwise at the borders."""
    best, most, least = pinpoints[0], 0, -1
    for pinpoint in pinpoints:
        scale = min(pinpoint[1] / width, pinpoint[0] / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        wasted = pinpoint[0] * pinpoint[1] - kept
        if kept > most or (kept == most and (least < 0 or wasted < least)):
            best, most, least = pinpoint, kept, wasted
    return best


def padding_of(height: int, width: int, rows: int, columns: int) -> tuple[int, int]:
    """How many rows at top and bottom, and columns at left and right, of a grid of patches show no picture."""
    if width * rows > columns * height:
        return (rows - height * columns // width) // 2, 0
    return 0, (columns - width * rows // height) // 2


class VisionTower(nn.Module):
    def __init__(self, config, layers: int) -> None:
        super().__init__()
        self.vision_model = ClipVisionLayers(config, layers)


class Projector(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        width, bias = config.text_config.hidden_size, config.multimodal_projector_bias
        self.linear_1 = nn.Linear(config.vision_config.hidden_size, width, bias=bias)
        self.linear_2 = nn.Linear(width, width, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear_2(F.gelu(self.linear_1(x)))


class Llava(nn.Module):
    """What is asked of every LLaVA behind its prompts. Subclasses have the modules."""

    @torch.jit.export
    def prefill(self, embeds: Tensor, slots: Tensor, lengths: Tensor, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [B,T,D] padded on the right, slots [B], lengths [B] -> logits [B,V] of each last position"""
        return self.language_model.logits(self.language_model.model.prefill(embeds, slots, lengths, k_cache, v_cache))

    @torch.jit.export
    def prefill_more(self, embeds: Tensor, slot: int, first: int, k_cache: Tensor, v_cache: Tensor) -> Tensor:
        """embeds [T,D] of one prompt, the slot holds the `first` tokens before them -> logits [1,V] after the last"""
        return self.language_model.logits(self.language_model.model.prefill_more(embeds, slot, first, k_cache, v_cache))

    @torch.jit.export
    def decode(
        self, tokens: Tensor, positions: Tensor, prompts: Tensor, slots: Tensor, k_cache: Tensor, v_cache: Tensor
    ) -> Tensor:
        """tokens, positions, prompts, slots [B] -> logits [B,V]"""
        model = self.language_model.model
        if k_cache.is_cuda:
            plan = plan_step(positions, slots, -1, k_cache)
            return self.language_model.logits(model.decode(tokens, positions, plan, k_cache, v_cache))
        step = arrange_step(tokens, positions, slots)
        if step.position >= 0:
            window = open_window(k_cache, v_cache, step.first_slot, slots.size(0), step.position)
            x = model.decode_window(step.tokens, step.positions, window)
        else:
            plan = plan_step(step.positions, step.slots, step.first_slot, k_cache)
            x = model.decode(step.tokens, step.positions, plan, k_cache, v_cache)
        places = step.places
        if places is not None:
            x = x[places]
        return self.language_model.logits(x)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.encode(pixels)


class LlavaNext(Llava):
    pinpoints: list[tuple[int, int]]

    def __init__(self, config) -> None:
        super().__init__()
        vision = config.vision_config
        self.image_token = int(config.image_token_index)
        self.tile = int(vision.image_size)
        self.side = vision.image_size // vision.patch_size  # patches of a tile
        self.pinpoints = [(int(height), int(width)) for height, width in config.image_grid_pinpoints]
        self.vision_tower = VisionTower(vision, vision_layers(config))
        self.multi_modal_projector = Projector(config)
        self.image_newline = nn.Parameter(torch.zeros(config.text_config.hidden_size))
        self.language_model = LlamaForCausalLM(config.text_config)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W], tiles of any pictures -> features [N,Q,D]"""
        seen = self.vision_tower.vision_model(pixels)
        return self.multi_modal_projector(seen[:, 1:])  # without the class token

    @torch.jit.export
    def pack(self, features: Tensor, height: int, width: int) -> Tensor:
        """features [t,Q,D] of the tiles of one picture, which had this size -> [T,D]: first the tile that shows all of
        it, then the rows of the others as one grid, cut to where the picture is, each row with a newline."""
        pinpoint, side = best_pinpoint(height, width, self.pinpoints), self.side
        down, across = pinpoint[0] // self.tile, pinpoint[1] // self.tile
        grid = features[1:].view(down, across, side, side, -1).transpose(1, 2).reshape(down * side, across * side, -1)
        top, left = padding_of(height, width, down * side, across * side)
        grid = grid.narrow(0, top, grid.size(0) - 2 * top).narrow(1, left, grid.size(1) - 2 * left)
        newline = self.image_newline.to(grid.dtype).expand(grid.size(0), 1, -1)
        return torch.cat([features[0], torch.cat([grid, newline], dim=1).flatten(0, 1)])

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D] of one sequence's pictures -> [T,D]"""
        words = self.language_model.model.embed_tokens(ids)
        return words.masked_scatter((ids == self.image_token).unsqueeze(-1), features.to(words.dtype))


def vision_layers(config) -> int:
    """How many layers of the tower make the chosen features: hidden state 0 is what comes before all layers."""
    chosen, all_states = config.vision_feature_layer, config.vision_config.num_hidden_layers + 1
    return chosen if chosen >= 0 else all_states + chosen


# What the program above does. A checkpoint that asks for something else is refused, not silently captioned wrong.
TEXT_SETTINGS = {"hidden_act": "silu", "attention_bias": False, "mlp_bias": False}
SETTINGS = {"projector_hidden_act": "gelu", "vision_feature_select_strategy": "default"}


def check(config) -> None:
    text = config.text_config
    require("text_config.rope_parameters.rope_type", text.rope_parameters.get("rope_type"), "default")
    check_parts(config, slot_positions(config))


def check_parts(config, positions: int) -> None:
    """positions: of a slot"""
    text, vision = config.text_config, config.vision_config
    for name, known in TEXT_SETTINGS.items():
        require(f"text_config.{name}", getattr(text, name, known), known)
    for name, known in SETTINGS.items():
        require(name, getattr(config, name), known)
    require("vision_config.model_type", vision.model_type, "clip_vision_model")
    if vision.hidden_act not in ACTIVATIONS:
        require("vision_config.hidden_act", vision.hidden_act, ACTIVATIONS[0])
    if not isinstance(config.vision_feature_layer, int) or not 0 <= vision_layers(config) <= vision.num_hidden_layers:
        raise ExportError(
            f"config.json has vision_feature_layer {config.vision_feature_layer!r}; only one of the "
            f"{vision.num_hidden_layers} layers can be exported"
        )
    require("text_config.partial_rotary_factor", text.rope_parameters.get("partial_rotary_factor", 1.0), 1.0)
    window = getattr(text, "sliding_window", None)
    if window is not None and window < positions:
        raise ExportError(
            f"config.json has text_config.sliding_window {window}, less than a sequence's {positions} "
            "positions; only null or more can be exported"
        )


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = LlavaNext(config).eval()
    return module.requires_grad_(False)


PROMPT_ROOM = 256  # positions of a slot beside the largest picture, for the prompt's words
POSITIONS_STEP = 512

# As the models' pages have them, for snapshots without a chat template.
IMAGE_TEXT = "<image>\n"
TEMPLATES = {
    "mistral": "[INST] {images}{prompt} [/INST]",
    "llama": "A chat between a curious human and an artificial intelligence assistant. The assistant gives helpful, "
    "detailed, and polite answers to the human's questions. USER: {images}{prompt} ASSISTANT:",
}


def picture_tokens_max(config) -> int:
    """Of any picture: one that fills a pinpoint loses nothing of its grid."""
    vision = config.vision_config
    side = vision.image_size // vision.patch_size
    grids = [(h // vision.image_size * side, w // vision.image_size * side) for h, w in config.image_grid_pinpoints]
    return side * side + max(rows * columns + rows for rows, columns in grids)


def slot_positions(config) -> int:
    return positions_of(picture_tokens_max(config), config.text_config.max_position_embeddings)


def positions_of(tokens: int, reach: int) -> int:
    """Of a slot for a picture, or a film, of so many tokens. reach: how many positions the model has."""
    wanted = tokens + PROMPT_ROOM + MAX_LENGTH
    return min(-(-wanted // POSITIONS_STEP) * POSITIONS_STEP, reach)


def describe(config, snapshot: Path) -> dict:
    dialogue = Dialogue(TEMPLATES[config.text_config.model_type], IMAGE_TEXT, "image_token_index", start="<s>")
    return describe_parts(config, snapshot, dialogue, slot_positions(config))


def describe_parts(config, snapshot: Path, dialogue: Dialogue, positions: int) -> dict:
    room = {"positions": positions, "picture": picture_tokens_max(config)}
    parts = decoder_parts(config, ["vision_tower"], ["image_newline"])
    return parts | describe_dialogue(config, snapshot, dialogue, **room)


def decoder_parts(config, towers: list[str], others: list[str]) -> dict:
    """What the manifest says of the weights. others: modules or weights that stand beside towers and projector."""
    head = "language_model.lm_head.weight"
    return {
        "ties": {head: "language_model.model.embed_tokens.weight"} if config.tie_word_embeddings else {},
        "renames": [*renames_of(towers, others)],
        "packs": PACKS,
        "float32": [],
    }


def renames_of(towers: list[str], others: list[str]) -> Iterator[list[str]]:
    """The published files have the names that the program asks for. transformers 5 saves a tower without its middle
    name; the rest is for files that were saved with the names of the model in memory."""
    for tower in towers:
        for name in (f"{tower}.", f"model.{tower}.vision_model.", f"model.{tower}."):
            yield [f"{tower}.vision_model.", name]
    for name in ("multi_modal_projector.", *others):
        yield [name, f"model.{name}"]
    yield ["language_model.model.", "model.language_model."]
    yield ["language_model.lm_head.", "lm_head."]
