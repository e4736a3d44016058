"""The demo Qwen3-VL's configuration, tokenizer and processor, in Hugging Face's form."""

import json
import math
import random
from pathlib import Path

import torch
from tokenizers import normalizers
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from scenes.draw import draw_scene
from scenes.films import draw_film
from scenes.models.blip2 import grid_positions, train_byte_level

PATCH = 8
MERGE = 2
FRAMES = 2  # in a group
CELL = PATCH * MERGE  # the side of what becomes one placeholder
# Areas. A film's are of all its frames together.
PICTURE_PIXELS = (16 * CELL * CELL, 30 * CELL * CELL)
FILM_PIXELS = (64 * FRAMES * CELL * CELL, 96 * FRAMES * CELL * CELL)
HALF = (0.5, 0.5, 0.5)

WIDTH = 96
VISION_LAYERS = 3
VISION_INNER = 288
POSITIONS_SIDE = 8  # of the table of learned positions
DEEP = (1,)  # the layer of the tower that the decoder's first layer is shown, too
TEXT_LAYERS = 3
HEADS = 4
KEY_VALUE_HEADS = 2
HEAD_DIM = 24
GATE = 224
MAX_POSITIONS = 1024
ROPE = {"rope_type": "default", "rope_theta": 1e3, "mrope_section": [4, 4, 4], "mrope_interleaved": True}
VOCABULARY = 448  # rows of the embedding; the training text needs fewer tokens

END, TURN, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
VISION_START, VISION_END, IMAGE, VIDEO = "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"
SPECIALS = (END, TURN, TURN_END, VISION_START, VISION_END, IMAGE, VIDEO)
ID = {token: number for number, token in enumerate(SPECIALS)}

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)

# The first ones are what the program asks without a prompt.
PICTURE_PROMPTS = ("Describe this image.", "Describe this image in one sentence.", "Describe the picture.")
FILM_PROMPTS = ("Describe this video.", "Describe this video in one sentence.", "What happens in this film?")
# What it is asked of a picture for a preset. It was not trained with the program's own words.
PRESETS = dict.fromkeys(("alt_text", "one_sentence", "detailed", "tags"), PICTURE_PROMPTS[0])

TEXT_SCENES = 3000
TEXT_SEED = 50_000


def write_presets(folder: Path) -> None:
    (folder / "presets.json").write_text(json.dumps(PRESETS, indent=2) + "\n")


def seconds_text(seconds: float) -> str:
    """What stands before a group of a film's frames."""
    return f"<{seconds:.1f} seconds>"


def make_tokenizer() -> PreTrainedTokenizerFast:
    bpe = train_byte_level(_texts(), VOCABULARY, SPECIALS)
    bpe.normalizer = normalizers.NFC()
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        eos_token=TURN_END,
        pad_token=END,
        padding_side="left",
        clean_up_tokenization_spaces=False,
    )


def _texts() -> list[str]:
    rng = random.Random(TEXT_SEED)
    texts = []
    for _ in range(TEXT_SCENES):
        times = seconds_text(rng.uniform(0, 8))
        texts += [f"user\n{rng.choice(PICTURE_PROMPTS)}", f"assistant\n{draw_scene(rng, (16, 16)).caption}"]
        texts += [f"user\n{times}{rng.choice(FILM_PROMPTS)}", f"assistant\n{draw_film(rng).caption}"]
    return texts


def make_processor(tokenizer: PreTrainedTokenizerFast) -> Qwen3VLProcessor:
    options = {"patch_size": PATCH, "merge_size": MERGE, "image_mean": HALF, "image_std": HALF}
    images = Qwen2VLImageProcessor(**options, size=_edges(PICTURE_PIXELS))
    films = Qwen3VLVideoProcessor(**options, size=_edges(FILM_PIXELS), cap_pixels_per_frame=False)
    return Qwen3VLProcessor(images, tokenizer, films, chat_template=CHAT_TEMPLATE)


def _edges(pixels: tuple[int, int]) -> dict[str, int]:
    """Areas, which the library calls edges."""
    return dict(zip(("shortest_edge", "longest_edge"), pixels))


def fit(height: int, width: int, pixels: tuple[int, int], frames: int = 1) -> tuple[int, int]:
    """To which height and width the processors resize a picture, or a film of so many frames."""
    height, width = max(height, CELL), max(width, CELL)
    rows, columns = (round(side / CELL) for side in (height, width))
    paired = round(frames / FRAMES) * FRAMES if frames > 1 else 1
    area = paired * rows * columns * CELL * CELL
    if area > pixels[1]:
        scale = math.sqrt(frames * height * width / pixels[1])
        rows, columns = (max(1, math.floor(side / scale / CELL)) for side in (height, width))
    elif area < pixels[0]:
        scale = math.sqrt(pixels[0] / (frames * height * width))
        rows, columns = (math.ceil(side * scale / CELL) for side in (height, width))
    return rows * CELL, columns * CELL


def make_config() -> Qwen3VLConfig:
    vision = {
        "depth": VISION_LAYERS,
        "hidden_size": WIDTH,
        "intermediate_size": VISION_INNER,
        "num_heads": HEADS,
        "patch_size": PATCH,
        "spatial_merge_size": MERGE,
        "temporal_patch_size": FRAMES,
        "out_hidden_size": WIDTH,
        "num_position_embeddings": POSITIONS_SIDE**2,
        "deepstack_visual_indexes": list(DEEP),
    }
    text = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "intermediate_size": GATE,
        "num_hidden_layers": TEXT_LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KEY_VALUE_HEADS,
        "head_dim": HEAD_DIM,
        "max_position_embeddings": MAX_POSITIONS,
        "rms_norm_eps": 1e-6,
        "rope_parameters": ROPE,
        "eos_token_id": ID[TURN_END],
        "pad_token_id": ID[END],
    }
    named = {"image": IMAGE, "video": VIDEO, "vision_start": VISION_START, "vision_end": VISION_END}
    ids = {f"{name}_token_id": ID[token] for name, token in named.items()}
    return Qwen3VLConfig(vision_config=vision, text_config=text, **ids, tie_word_embeddings=False)


def make_model(config: Qwen3VLConfig) -> Qwen3VLForConditionalGeneration:
    model = Qwen3VLForConditionalGeneration(config)
    ends = [ID[TURN_END], ID[END]]
    model.generation_config = GenerationConfig(eos_token_id=ends, pad_token_id=ID[END], do_sample=False)
    with torch.no_grad():
        _initialise(model)
    return model


def _initialise(model: Qwen3VLForConditionalGeneration) -> None:
    """Wider than the library's std of 0.02, for the reason that blip2.py gives."""
    for name, weight in model.named_parameters():
        if name.endswith("embed_tokens.weight"):
            weight.normal_(0, 0.5)
        elif name.endswith("patch_embed.proj.weight"):
            weight.normal_(0, 1 / math.sqrt(weight[0].numel()))
        elif weight.dim() == 2:
            weight.normal_(0, 0.9 / math.sqrt(weight.shape[1]))
    model.model.visual.pos_embed.weight.copy_(0.7 * grid_positions(POSITIONS_SIDE, WIDTH))
