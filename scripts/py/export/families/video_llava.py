"""Video-LLaVA on Llama (Vicuna): pictures through one tower, frames of films through another, and the same projector
behind both. Module names are the keys of the checkpoints' files."""

from pathlib import Path

import torch
from torch import Tensor, nn

from export.dialogue import MAX_LENGTH, Dialogue, describe_dialogue
from export.errors import ExportError
from export.families.llava_next import (
    IMAGE_TEXT,
    PROMPT_ROOM,
    Llava,
    Projector,
    VisionTower,
    check_parts,
    decoder_parts,
    positions_of,
    vision_layers,
)
from export.families.llava_next_video import TEMPLATES, SeesFilms, film_wording, patches_of
from export.films import cropped_film_part, video_processor_of_squares
from export.generation import require
from export.parts.llama_blocks import LlamaForCausalLM

FAMILY, KIND = "video_llava", "captioner"


class VideoLlava(SeesFilms, Llava):
    def __init__(self, config) -> None:
        super().__init__()
        self.image_token, self.video_token = int(config.image_token_index), int(config.video_token_index)
        self.image_tower = VisionTower(config.vision_config, vision_layers(config))
        self.video_tower = VisionTower(config.vision_config, vision_layers(config))
        self.multi_modal_projector = Projector(config)
        self.language_model = LlamaForCausalLM(config.text_config)

    @torch.jit.export
    def encode(self, pixels: Tensor) -> Tensor:
        """pixels [N,3,H,W] of pictures -> features [N,Q,D], without the class token"""
        return self.multi_modal_projector(self.image_tower.vision_model(pixels)[:, 1:])

    @torch.jit.export
    def encode_frames(self, pixels: Tensor) -> Tensor:
        """pixels [N,1,3,H,W], frames of any films -> features [N,1+Q,D], with the class token"""
        return self.multi_modal_projector(self.video_tower.vision_model(pixels.flatten(0, 1)))


def check(config) -> None:
    rope = config.text_config.rope_parameters.get("rope_type")
    require("text_config.rope_parameters.rope_type", rope, "default")
    check_parts(config, slot_positions(config))


def make_program(config) -> nn.Module:
    with torch.device("meta"):
        module = VideoLlava(config).eval()
    return module.requires_grad_(False)


def picture_tokens(config) -> int:
    return patches_of(config) ** 2


def frame_tokens(config) -> int:
    return picture_tokens(config) + 1


# The published one was trained with so many, spread over a film.
FRAMES = 8


def slot_positions(config) -> int:
    """Room for as many frames as it was trained with, where its positions reach so far."""
    return positions_of(FRAMES * frame_tokens(config), config.text_config.max_position_embeddings)


def describe(config, snapshot: Path) -> dict:
    positions, tokens = slot_positions(config), picture_tokens(config)
    dialogue = Dialogue(TEMPLATES["llama"], IMAGE_TEXT, "image_token_index", start="<s>", image_tokens=tokens)
    room = positions - PROMPT_ROOM - MAX_LENGTH
    if room < frame_tokens(config):
        raise ExportError(f"{positions} positions leave no room for words beside a film")
    from transformers import VideoLlavaVideoProcessor

    films = video_processor_of_squares(snapshot, VideoLlavaVideoProcessor)
    film = cropped_film_part(config, snapshot, films, film_wording(snapshot), tokens=frame_tokens(config), most=room)
    parts = decoder_parts(config, ["image_tower", "video_tower"], [])
    return film | parts | describe_dialogue(config, snapshot, dialogue, positions=positions, picture=tokens)
