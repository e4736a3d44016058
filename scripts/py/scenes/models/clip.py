"""The demo CLIP's configuration, tokenizer and processor, in Hugging Face's form."""

import json
import math
import random

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import CLIPConfig, CLIPImageProcessor, CLIPModel, CLIPProcessor, CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.tokenization_clip import CLIPTokenizer

from scenes.draw import draw_scene
from scenes.models.blip2 import IMAGE_SIZE, MEAN, STD, grid_positions

PATCH = 8
WIDTH = 96
HEADS = 4
VISION_LAYERS = 4
TEXT_LAYERS = 2
POSITIONS = 77
LOGIT_SCALE = math.log(10)  # where training starts

WORD_END = "</w>"
START, END = "<|startoftext|>", "<|endoftext|>"
MERGES = 200  # at most; the captions need fewer
TEXT_SCENES = 4000
TEXT_SEED = 40_000


def make_tokenizer() -> CLIPTokenizer:
    """CLIP's own tokenizer over a small vocabulary: all bytes, within and at the end of a word,
    so that no text is unknown; each word of a caption as one token; and the two special ones last."""
    merges = _train_merges()
    bytes_ = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = bytes_ + [byte + WORD_END for byte in bytes_] + ["".join(pair) for pair in merges] + [START, END]
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys(tokens))}
    return CLIPTokenizer(vocab=vocabulary, merges=merges, model_max_length=POSITIONS)


def _train_merges() -> list[tuple[str, str]]:
    pattern = CLIPTokenizer().backend_tokenizer
    bpe = Tokenizer(models.BPE(end_of_word_suffix=WORD_END))
    bpe.normalizer, bpe.pre_tokenizer = pattern.normalizer, pattern.pre_tokenizer
    trainer = trainers.BpeTrainer(vocab_size=512 + MERGES, end_of_word_suffix=WORD_END, show_progress=False)
    rng = random.Random(TEXT_SEED)
    bpe.train_from_iterator((draw_scene(rng).caption for _ in range(TEXT_SCENES)), trainer)
    return [tuple(pair) for pair in json.loads(bpe.to_str())["model"]["merges"]]


def make_processor(tokenizer: CLIPTokenizer) -> CLIPProcessor:
    images = CLIPImageProcessor(
        size={"shortest_edge": IMAGE_SIZE},
        crop_size={"height": IMAGE_SIZE, "width": IMAGE_SIZE},
        resample=3,
        image_mean=MEAN,
        image_std=STD,
    )
    return CLIPProcessor(images, tokenizer)


def make_config(tokenizer: CLIPTokenizer) -> CLIPConfig:
    common = {"hidden_size": WIDTH, "intermediate_size": 4 * WIDTH, "num_attention_heads": HEADS}
    vision = CLIPVisionConfig(
        **common, num_hidden_layers=VISION_LAYERS, image_size=IMAGE_SIZE, patch_size=PATCH, projection_dim=WIDTH
    )
    text = CLIPTextConfig(
        **common,
        num_hidden_layers=TEXT_LAYERS,
        vocab_size=len(tokenizer),
        max_position_embeddings=POSITIONS,
        projection_dim=WIDTH,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return CLIPConfig(
        vision_config=vision.to_dict(),
        text_config=text.to_dict(),
        projection_dim=WIDTH,
        logit_scale_init_value=LOGIT_SCALE,
    )


def make_model(config: CLIPConfig) -> CLIPModel:
    model = CLIPModel(config)
    with torch.no_grad():
        _initialise(model)
    return model


def _initialise(model: CLIPModel) -> None:
    """Wider than the library's, for the reason that blip2.py gives."""
    for name, weight in model.named_parameters():
        if name.endswith("patch_embedding.weight"):
            weight.normal_(0, 1 / math.sqrt(weight[0].numel()))
        elif name.endswith("embedding.weight"):
            weight.normal_(0, 0.5)
        elif weight.dim() == 2:
            weight.normal_(0, 0.9 / math.sqrt(weight.shape[1]))
    embeddings = model.vision_model.embeddings
    embeddings.position_embedding.weight[1:] = 0.7 * grid_positions(IMAGE_SIZE // PATCH, WIDTH)
    embeddings.class_embedding.normal_(0, 0.5)
