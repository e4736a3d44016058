"""A random CLIP."""

import random
from pathlib import Path

import torch
from tokenizers import processors
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, PreTrainedTokenizerFast
from transformers.utils.logging import disable_progress_bar

from tiny_models.common import MEAN, STD, draw_heads, randomise, train_tokenizer

START, END = "<|startoftext|>", "<|endoftext|>"
LEGACY_END = 2  # what the first checkpoints say, whatever the tokenizer's end is


def make_clip(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed)
    config = draw_clip(rng, tokenizer)
    torch.manual_seed(seed)
    model = CLIPModel(config).eval()
    with torch.no_grad():
        randomise(model)
    return save(Path(folder), model, tokenizer, rng)


def draw_clip(rng: random.Random, tokenizer) -> CLIPConfig:
    patch, end = rng.choice([8, 14, 16]), tokenizer.convert_tokens_to_ids(END)
    activation, projection = rng.choice(["quick_gelu", "quick_gelu", "gelu"]), rng.choice([24, 32, 48])
    text = tower(rng, activation, projection) | {
        "vocab_size": len(tokenizer),
        "max_position_embeddings": rng.choice([16, 32, 77]),
        "bos_token_id": end - 1,
        "eos_token_id": rng.choice([LEGACY_END, end]),
        "pad_token_id": 1,
    }
    vision = tower(rng, activation, projection) | {"image_size": patch * rng.randint(2, 5), "patch_size": patch}
    return CLIPConfig(text_config=text, vision_config=vision, projection_dim=projection)


def tower(rng: random.Random, activation: str, projection: int) -> dict:
    width = rng.choice([2, 3, 4]) * rng.choice([16, 24, 32])
    return {
        "hidden_size": width,
        "intermediate_size": rng.choice([2, 4]) * width,
        "num_hidden_layers": rng.randint(1, 3),
        "num_attention_heads": draw_heads(rng, width),
        "hidden_act": activation,
        "projection_dim": projection,
    }


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Start and end are the last tokens, as in the real one, and the end pads."""
    bpe = train_tokenizer(vocabulary, seed, ("!", '"', "#"), (START, END))
    ends = [(text, bpe.token_to_id(text)) for text in (START, END)]
    bpe.post_processor = processors.TemplateProcessing(single=f"{START} $A {END}", special_tokens=ends)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token=START, eos_token=END, unk_token=END, pad_token=END, padding_side="right"
    )


def save(folder: Path, model, tokenizer, rng: random.Random) -> Path:
    disable_progress_bar()
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    edge = model.config.vision_config.image_size + rng.choice([0, 0, 3, 8, -2])
    save_processor(folder, model.config, tokenizer, edge)
    return folder


def save_processor(folder: Path, config: CLIPConfig, tokenizer, edge: int) -> None:
    """`edge` is what a picture's shortest one becomes before the middle is cut out."""
    side = config.vision_config.image_size
    tokenizer.model_max_length = config.text_config.max_position_embeddings
    images = CLIPImageProcessor(
        size={"shortest_edge": edge},
        crop_size={"height": side, "width": side},
        resample=3,
        image_mean=MEAN,
        image_std=STD,
    )
    CLIPProcessor(images, tokenizer).save_pretrained(folder)
    images.save_pretrained(folder)
