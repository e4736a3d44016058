"""A random LLaVA-NeXT-Video, on Mistral where the seed is even, on Llama (Vicuna) where it is odd."""

import random
from pathlib import Path

import torch
from transformers import (
    LlavaNextImageProcessor,
    LlavaNextVideoConfig,
    LlavaNextVideoForConditionalGeneration,
    LlavaNextVideoProcessor,
    LlavaNextVideoVideoProcessor,
    PreTrainedTokenizerFast,
)

from tiny_models.common import IMAGE, MEAN, STD, start_with, train_tokenizer
from tiny_models.llava_next import (
    GRIDS,
    PAD,
    SPECIALS,
    draw_text,
    draw_tile,
    finish,
)

VIDEO = "<video>"
CHAT_TEMPLATES = [
    None,
    "{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'video') %}{{ '<video>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' ' }}"
    "{% endfor %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}",
    "{{ bos_token }}{% for message in messages %}{{ '[INST] ' }}{% for content in message['content'] %}"
    "{% if content['type'] == 'text' %}{{ content['text'] }}{% else %}{{ '<' + content['type'] + '> ' }}{% endif %}"
    "{% endfor %}{{ ' [/INST]' }}{% endfor %}",
]


def make_llava_next_video(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed)
    config = draw_llava_next_video(rng, tokenizer, "llama" if seed % 2 else "mistral")
    torch.manual_seed(seed)
    model = LlavaNextVideoForConditionalGeneration(config).eval()
    return finish(folder, model, tokenizer, rng, lambda: make_processor(config, tokenizer, rng.choice(CHAT_TEMPLATES)))


def draw_llava_next_video(rng: random.Random, tokenizer, language: str) -> LlavaNextVideoConfig:
    tile, text = draw_tile(rng), draw_text(rng, tokenizer, language)
    tile.image_size = tile.patch_size * rng.choice([2, 4, 6])  # patches are pooled by two
    if rng.random() < 0.7:
        text.rope_parameters |= {"rope_type": "linear", "factor": rng.choice([2.0, 2.5])}
    layers, side = tile.num_hidden_layers, tile.image_size
    return LlavaNextVideoConfig(
        vision_config=tile,
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        video_token_index=tokenizer.convert_tokens_to_ids(VIDEO),
        image_grid_pinpoints=[[down * side, across * side] for down, across in rng.sample(GRIDS, rng.randint(2, 6))],
        vision_feature_layer=rng.choice([-2, -2, -1, layers - 1]),
        tie_word_embeddings=rng.random() < 0.3,
        multimodal_projector_bias=rng.random() < 0.8,
    )


def make_tokenizer(vocabulary: int, seed: int, seen: tuple[str, str] = (VIDEO, IMAGE)) -> PreTrainedTokenizerFast:
    """The film's token, the picture's and the padding come last, as in the real ones."""
    bpe = train_tokenizer(vocabulary, seed, SPECIALS, (*seen, PAD))
    start_with(bpe, "<s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token=PAD
    )


def make_processor(config: LlavaNextVideoConfig, tokenizer, chat_template: str | None) -> LlavaNextVideoProcessor:
    side = config.vision_config.image_size
    sizes = {"size": {"shortest_edge": side}, "crop_size": {"height": side, "width": side}}
    options = sizes | {"resample": 3, "image_mean": MEAN, "image_std": STD}
    return LlavaNextVideoProcessor(
        LlavaNextVideoVideoProcessor(**options),
        LlavaNextImageProcessor(image_grid_pinpoints=config.image_grid_pinpoints, **options),
        tokenizer,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat_template,
    )
