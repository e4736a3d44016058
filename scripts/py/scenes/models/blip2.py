"""The demo BLIP-2's configuration, tokenizer and processor, in Hugging Face's form."""

import math
import random

import numpy as np
import torch
from PIL import Image
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    Blip2Config,
    Blip2ForConditionalGeneration,
    Blip2Processor,
    Blip2QFormerConfig,
    Blip2VisionConfig,
    BlipImageProcessor,
    OPTConfig,
    PreTrainedTokenizerFast,
)

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

WIDTH = 96
PATCH = 8
VISION_LAYERS = 3
QFORMER_LAYERS = 2
TEXT_LAYERS = 2
HEADS = 4
MAX_POSITIONS = 128

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


def make_config(tokenizer) -> Blip2Config:
    vision = Blip2VisionConfig(
        hidden_size=WIDTH,
        intermediate_size=4 * WIDTH,
        num_hidden_layers=VISION_LAYERS,
        num_attention_heads=HEADS,
        image_size=IMAGE_SIZE,
        patch_size=PATCH,
    )
    qformer = Blip2QFormerConfig(
        vocab_size=8,  # the Q-Former's own text side is unused in BLIP-2
        hidden_size=WIDTH,
        num_hidden_layers=QFORMER_LAYERS,
        num_attention_heads=HEADS,
        intermediate_size=4 * WIDTH,
        encoder_hidden_size=WIDTH,
        cross_attention_frequency=1,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
    )
    text = OPTConfig(
        vocab_size=VOCABULARY,
        hidden_size=WIDTH,
        word_embed_proj_dim=WIDTH,
        num_hidden_layers=TEXT_LAYERS,
        ffn_dim=4 * WIDTH,
        num_attention_heads=HEADS,
        max_position_embeddings=MAX_POSITIONS,
        dropout=0.0,
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=newline_id(tokenizer),
    )
    return Blip2Config(
        vision_config=vision,
        qformer_config=qformer,
        text_config=text,
        num_query_tokens=QUERIES,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
    )


def newline_id(tokenizer) -> int:
    """BLIP-2 with OPT ends a caption with the newline token."""
    return tokenizer.convert_tokens_to_ids("\u010a")


def make_model(config: Blip2Config) -> Blip2ForConditionalGeneration:
    model = Blip2ForConditionalGeneration(config)
    with torch.no_grad():
        _initialise(model)
    return model


def _initialise(model: Blip2ForConditionalGeneration) -> None:
    """Wider than the library's std of 0.02, which at this width leaves attention nearly
    uniform and stalls learning of shape and place."""
    for name, weight in model.named_parameters():
        if name.endswith(("embed_tokens.weight", "embed_positions.weight")):
            weight.normal_(0, 0.15)
        elif name.endswith("patch_embedding.weight"):
            weight.normal_(0, 1 / math.sqrt(weight[0].numel()))
        elif weight.dim() == 2:
            weight.normal_(0, 0.9 / math.sqrt(weight.shape[1]))
    embeddings = model.vision_model.embeddings
    embeddings.position_embedding[0, 1:] = 0.7 * grid_positions(IMAGE_SIZE // PATCH, WIDTH)
    embeddings.class_embedding.normal_(0, 0.5)
    model.query_tokens.normal_(0, 1)
    model.tie_weights()


def grid_positions(side: int, width: int) -> torch.Tensor:
    """Sine-cosine code of each patch's row and column, [side * side, width]."""
    rows, columns = torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij")
    quarter = width // 4
    frequencies = 40.0 ** -(torch.arange(quarter) / quarter)
    waves = [part.reshape(-1, 1) * frequencies for part in (rows, columns)]
    return torch.cat([f(wave) for wave in waves for f in (torch.sin, torch.cos)], dim=1)
