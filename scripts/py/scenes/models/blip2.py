"""Tokenizer and image preprocessing of the demo model, in Hugging Face's form."""

import random

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import Blip2Processor, BlipImageProcessor, PreTrainedTokenizerFast

from scenes.draw import draw_scene

IMAGE_SIZE = 64
QUERIES = 16  # image tokens before the prompt
PROMPT = "a photo of"  # the product's default prompt for BLIP-2
VOCABULARY = 384  # rows of the embedding; training text needs about 370 tokens

# The ids that OPT gives its special tokens; "</s>" starts every text, as in OPT.
PAD = 1
BOS = 2
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>", "<image>")

MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

TEXT_SCENES = 4000
TEXT_SEED = 20_000


def train_byte_level(texts, vocabulary: int, specials) -> Tokenizer:
    """Each word of the texts becomes one token with its leading space; any other text falls apart into smaller
    pieces, down to bytes."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[AddedToken(text, normalized=False, special=True) for text in specials],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(texts, trainer)
    return bpe


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE like OPT's."""
    bpe = train_byte_level(_texts(), VOCABULARY, SPECIALS)
    bpe.post_processor = processors.TemplateProcessing(
        single="</s> $A", pair="</s> $A </s> $B", special_tokens=[("</s>", BOS)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="</s>",
        eos_token="</s>",
        unk_token="</s>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
    )


def _texts() -> list[str]:
    rng = random.Random(TEXT_SEED)
    return [f"{PROMPT} {draw_scene(rng).caption}\n" for _ in range(TEXT_SCENES)]


def make_processor(tokenizer: PreTrainedTokenizerFast) -> Blip2Processor:
    images = BlipImageProcessor(
        size={"height": IMAGE_SIZE, "width": IMAGE_SIZE}, resample=3, image_mean=MEAN, image_std=STD
    )
    return Blip2Processor(images, tokenizer, num_query_tokens=QUERIES)


def pixel_values(images: list[Image.Image]) -> torch.Tensor:
    """What BlipImageProcessor computes, for pictures of one size in one go."""
    pixels = torch.from_numpy(np.stack([np.asarray(image) for image in images]))
    small = torch.nn.functional.interpolate(
        pixels.permute(0, 3, 1, 2),
        size=(IMAGE_SIZE, IMAGE_SIZE),
        mode="bicubic",
        antialias=True,
        align_corners=False,
    )
    mean, std = (torch.tensor(part).mul(255).view(1, 3, 1, 1) for part in (MEAN, STD))
    return (small.float() - mean) / std
