"""A random LLaVA-NeXT, on Mistral where the seed is even, on Llama (Vicuna) where it is odd."""

import random
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)
from transformers.utils.logging import disable_progress_bar

from tiny_models.common import (
    IMAGE,
    MEAN,
    PROBE_STEPS,
    PROBES,
    STD,
    draw_heads,
    ending_word,
    randomise,
    start_with,
    swap_rows,
    train_tokenizer,
)

BOS, EOS = 1, 2
SPECIALS = ("<unk>", "<s>", "</s>")
PAD = "<pad>"
GRIDS = [(1, 2), (2, 1), (2, 2), (3, 1), (1, 3), (2, 3), (1, 1), (1, 4)]  # tiles of a pinpoint
CHAT_TEMPLATES = [
    None,
    "{% for message in messages %}{{ '[INST] ' }}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] }}{% endfor %}"
    "{{ ' [/INST]' }}{% endfor %}",
    "{{ bos_token }}{% for message in messages %}{{ message['role'].upper() + ': ' }}"
    "{% for content in message['content'] %}"
    "{{ '<image> ' if content['type'] == 'image' else content['text'] }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '\nASSISTANT:' }}{% endif %}",
]


def make_llava_next(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed)
    config = draw_llava_next(rng, tokenizer, "llama" if seed % 2 else "mistral")
    torch.manual_seed(seed)
    model = LlavaNextForConditionalGeneration(config).eval()
    return finish(folder, model, tokenizer, rng, lambda: make_processor(config, tokenizer, rng.choice(CHAT_TEMPLATES)))


def finish(folder, model, tokenizer, rng: random.Random, make_processor) -> Path:
    """All that follows from here on is drawn in this order."""
    set_generation(rng, model, tokenizer)
    processor = make_processor()
    with torch.no_grad():
        randomise(model)
        if hasattr(model.model, "image_newline"):
            model.model.image_newline.normal_(0, 1)
        let_captions_end(model, processor, rng)
    return save(Path(folder), model, processor)


def draw_llava_next(rng: random.Random, tokenizer, language: str) -> LlavaNextConfig:
    tile = draw_tile(rng)
    grids = rng.sample(GRIDS, rng.randint(2, 6))
    layers = tile.num_hidden_layers
    return LlavaNextConfig(
        vision_config=tile,
        text_config=draw_text(rng, tokenizer, language),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
        image_grid_pinpoints=[[down * tile.image_size, across * tile.image_size] for down, across in grids],
        vision_feature_layer=rng.choice([-2, -2, -1, layers - 1]),
        tie_word_embeddings=rng.random() < 0.3,
        multimodal_projector_bias=rng.random() < 0.8,
    )


def draw_tile(rng: random.Random) -> CLIPVisionConfig:
    width, patch = rng.choice([2, 3, 4]) * rng.choice([16, 24, 32]), rng.choice([4, 7, 8])
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=rng.choice([2, 4]) * width,
        num_hidden_layers=rng.randint(2, 4),
        num_attention_heads=draw_heads(rng, width),
        image_size=patch * rng.randint(2, 5),
        patch_size=patch,
        projection_dim=16,
        hidden_act=rng.choice(["quick_gelu", "quick_gelu", "gelu"]),
    )


def draw_text(rng: random.Random, tokenizer, language: str) -> MistralConfig | LlamaConfig:
    heads, head_dim = rng.choice([2, 4, 6, 8]), rng.choice([8, 16, 24])
    width = heads * rng.choice([8, 16])  # the heads together may be wider than the model
    options = {
        "vocab_size": len(tokenizer) + rng.choice([0, 0, 5, 16]),  # checkpoints pad their tables
        "hidden_size": width,
        "intermediate_size": rng.choice([2, 3, 4]) * width,
        "num_hidden_layers": rng.randint(1, 3),
        "num_attention_heads": heads,
        "num_key_value_heads": rng.choice([count for count in (1, 2, 3, 4) if heads % count == 0]),
        "head_dim": head_dim,
        "max_position_embeddings": rng.choice([2048, 4096]),
        "rms_norm_eps": rng.choice([1e-5, 1e-6]),
        "rope_parameters": {"rope_type": "default", "rope_theta": rng.choice([1e4, 1e6])},
        "bos_token_id": BOS,
        "eos_token_id": EOS,
        "pad_token_id": None,
    }
    if language == "llama":
        return LlamaConfig(**options)
    return MistralConfig(sliding_window=rng.choice([None, None, 4096]), **options)


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """The image token and the padding come last, as in the real ones."""
    bpe = train_tokenizer(vocabulary, seed, SPECIALS, (IMAGE, PAD))
    start_with(bpe, "<s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token=PAD
    )


def make_processor(config: LlavaNextConfig, tokenizer, chat_template: str | None) -> LlavaNextProcessor:
    side = config.vision_config.image_size
    images = LlavaNextImageProcessor(
        size={"shortest_edge": side},
        crop_size={"height": side, "width": side},
        image_grid_pinpoints=config.image_grid_pinpoints,
        resample=3,
        image_mean=MEAN,
        image_std=STD,
    )
    return LlavaNextProcessor(
        images,
        tokenizer,
        patch_size=config.vision_config.patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=chat_template,
    )


def set_generation(rng: random.Random, model, tokenizer) -> None:
    settings = model.generation_config
    settings.bos_token_id = BOS
    settings.pad_token_id = tokenizer.convert_tokens_to_ids(PAD)
    settings.eos_token_id = EOS if rng.random() < 0.6 else [EOS, rng.randrange(10, 60)]


def let_captions_end(model, processor, rng: random.Random) -> None:
    """Gives the end the place of a word that the model likes to say, so that captions end, at many lengths."""
    ends, model.generation_config.eos_token_id = model.generation_config.eos_token_id, None
    captions = [say(model, processor, draw_picture(rng)) for _ in range(PROBES)]
    model.generation_config.eos_token_id = ends
    swap_rows(model.lm_head.weight, ending_word(captions), EOS)


def say(model, processor, picture: Image.Image) -> list[int]:
    inputs = processor(images=picture, text="<image>\na photo of", return_tensors="pt")
    said = model.generate(**inputs, do_sample=False, max_new_tokens=PROBE_STEPS)
    return said[0, inputs["input_ids"].shape[1] :].tolist()


def draw_picture(rng: random.Random) -> Image.Image:
    small = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((rng.randint(20, 150), rng.randint(20, 150)), Image.BICUBIC)


def save(folder: Path, model, processor: LlavaNextProcessor) -> Path:
    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    processor.image_processor.save_pretrained(folder)
    return folder
