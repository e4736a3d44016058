"""LLaVA-NeXT-Video on Llama (Vicuna) or Mistral: pictures as LLaVA-NeXT's, and films, whose frames are one tile each
with a quarter of its placeholders. Module names are the keys of the checkpoints' files."""

from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from export.chat import find_chat_template, render, template_of
from export.dialogue import MAX_LENGTH, Dialogue
from export.errors import ExportError
from export.families import llava_next
from export.families.llava_next import LlavaNext, describe_parts, picture_tokens_max, positions_of
from export.films import FilmText, cropped_film_part, video_processor_of_squares
from export.generation import require
from export.parts.llama_blocks import LlamaModel, Rotary

FAMILY, KIND = "llava_next_video", "captioner"
POOL = 2  # patches down and across that become one placeholder of a film


class ScaledLlamaModel(LlamaModel):
    """Positions stand closer together (linear rope scaling), so that more of them fit into what it was trained on."""

    def __init__(self, config) -> None:
        super().__init__(config)
        self.closer = rope_factor(config)

    def rotary(self, positions: Tensor, like: Tensor) -> Rotary:
        steps = torch.arange(0, self.head_dim, 2, device=positions.device, dtype=torch.float32)
        frequencies = 1.0 / (self.theta ** (steps / self.head_dim)) / self.closer
        angles = positions.to(torch.float32)[:, None, None] * frequencies
        cosines, sines = angles.cos().to(like.dtype), angles.sin().to(like.dtype)
        return Rotary(torch.cat([cosines, cosines], -1), torch.cat([-sines, sines], -1))


class SeesFilms(nn.Module):
    """Pictures and films, each with a token of its own in the prompt."""

    @torch.jit.export
    def embed(self, ids: Tensor, features: Tensor) -> Tensor:
        """ids [T], features [K,D] of one sequence's pictures and films, in their order -> [T,D]"""
        words = self.language_model.model.embed_tokens(ids)
        seen = (ids == self.image_token) | (ids == self.video_token)
        return words.masked_scatter(seen.unsqueeze(-1), features.to(words.dtype))


class LlavaNextVideo(SeesFilms, LlavaNext):
    pinpoints: list[tuple[int, int]]

    def __init__(self, config) -> None:
        super().__init__(config)
        self.video_token = int(config.video_token_index)
        self.language_model.model = ScaledLlamaModel(config.text_config)

    @torch.jit.export
    def encode_frames(self, pixels: Tensor) -> Tensor:
        """pixels [N,1,3,H,W], frames of any films -> features [N,Q/4,D]: each the mean of 2x2 patches"""
        seen = self.vision_tower.vision_model(pixels.flatten(0, 1))[:, 1:]  # without the class token
        grid = seen.transpose(1, 2).unflatten(2, (self.side, self.side))
        return self.multi_modal_projector(F.avg_pool2d(grid, 2).flatten(2).transpose(1, 2))


def rope_factor(text) -> float:
    rope = text.rope_parameters
    return float(rope["factor"]) if rope.get("rope_type") == "linear" else 1.0


def check(config) -> None:
    rope = config.text_config.rope_parameters
    if rope.get("rope_type") != "linear":
        require("text_config.rope_parameters.rope_type", rope.get("rope_type"), "default")
    elif rope_factor(config.text_config) < 1:
        raise ExportError(f"config.json has text_config.rope_parameters.factor {rope['factor']}; it must be 1 or more")
    llava_next.check_parts(config, slot_positions(config))
    require("spatial_pool_mode", config.spatial_pool_mode, "average")
    require("spatial_pool_stride", config.spatial_pool_stride, POOL)
    if patches_of(config) % POOL:
        raise ExportError(
            f"config.json has tiles of {patches_of(config)} patches a side, which cannot be pooled by two"
        )


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = LlavaNextVideo(config).eval()
    return module.requires_grad_(False)


def patches_of(config) -> int:
    """Along a side of a tile or frame."""
    return config.vision_config.image_size // config.vision_config.patch_size


def frame_tokens(config) -> int:
    return (patches_of(config) // POOL) ** 2


# The published one was trained with so many, spread over a film.
FRAMES = 32


def slot_positions(config) -> int:
    """Room for as many frames as it was trained with, where its positions reach so far."""
    text = config.text_config
    reach = int(text.max_position_embeddings * rope_factor(text))
    return positions_of(max(picture_tokens_max(config), FRAMES * frame_tokens(config)), reach)


# As the published pages have them, for snapshots without a chat template.
TEMPLATES = {"llama": "USER: {images}{prompt} ASSISTANT:", "mistral": llava_next.TEMPLATES["mistral"]}
FILM_TEXT, FRAME_TEXT = "<video>\n", "<video>"


def film_wording(snapshot: Path) -> FilmText:
    """What the snapshot's chat template writes for a film. Some write nothing: the first published one was such."""
    chat, text = find_chat_template(snapshot), FILM_TEXT
    if chat and render(chat, [{"type": "video"}], "<s>") != render(chat, [], "<s>"):
        text = template_of(chat, "<s>", "video")[1]
    if text.count(FRAME_TEXT) != 1:
        raise ExportError(f"the chat template writes {text!r} for a film; it must have one {FRAME_TEXT}")
    return FilmText(text.replace(FRAME_TEXT, "{groups}"), FRAME_TEXT, 0)


def describe(config, snapshot: Path) -> dict:
    from transformers import LlavaNextVideoVideoProcessor

    template = TEMPLATES[config.text_config.model_type]
    dialogue = Dialogue(template, llava_next.IMAGE_TEXT, "image_token_index", start="<s>")
    positions, tokens = slot_positions(config), frame_tokens(config)
    room = positions - llava_next.PROMPT_ROOM - MAX_LENGTH
    if room < tokens:
        raise ExportError(f"{positions} positions leave no room for words beside a film")
    films = video_processor_of_squares(snapshot, LlavaNextVideoVideoProcessor)
    film = cropped_film_part(config, snapshot, films, film_wording(snapshot), tokens=tokens, most=room)
    return film | describe_parts(config, snapshot, dialogue, positions)
