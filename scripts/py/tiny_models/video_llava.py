"""A random Video-LLaVA on Llama (Vicuna)."""

import random
from pathlib import Path

import torch
from transformers import (
    PreTrainedTokenizerFast,
    VideoLlavaConfig,
    VideoLlavaForConditionalGeneration,
    VideoLlavaImageProcessor,
    VideoLlavaProcessor,
    VideoLlavaVideoProcessor,
)

from tiny_models.common import IMAGE, MEAN, STD
from tiny_models.llava_next import draw_text, draw_tile, finish
from tiny_models.llava_next_video import CHAT_TEMPLATES, VIDEO, make_tokenizer

SIDES = [2, 3, 4, 5, 12]  # patches of a side: of the largest, a slot holds fewer frames than a film has as usual


def make_video_llava(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed, (IMAGE, VIDEO))
    config = draw_video_llava(rng, tokenizer)
    torch.manual_seed(seed)
    model = VideoLlavaForConditionalGeneration(config).eval()
    return finish(folder, model, tokenizer, rng, lambda: make_processor(config, tokenizer, rng.choice(CHAT_TEMPLATES)))


def draw_video_llava(rng: random.Random, tokenizer) -> VideoLlavaConfig:
    tile = draw_tile(rng)
    tile.image_size = tile.patch_size * rng.choice(SIDES)
    return VideoLlavaConfig(
        vision_config=tile,
        text_config=draw_text(rng, tokenizer, "llama"),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        video_token_index=tokenizer.convert_tokens_to_ids(VIDEO),
        vision_feature_layer=rng.choice([-2, -2, -1, tile.num_hidden_layers - 1]),
        tie_word_embeddings=rng.random() < 0.3,
        multimodal_projector_bias=rng.random() < 0.8,
    )


def make_processor(
    config: VideoLlavaConfig, tokenizer: PreTrainedTokenizerFast, chat_template: str | None
) -> VideoLlavaProcessor:
    side = config.vision_config.image_size
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    options = sizes | {"resample": 3, "image_mean": MEAN, "image_std": STD}
    return VideoLlavaProcessor(
        VideoLlavaImageProcessor(**options),
        VideoLlavaVideoProcessor(**options),
        tokenizer,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat_template,
    )
