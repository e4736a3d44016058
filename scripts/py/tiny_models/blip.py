"""A random BLIP for captions."""

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizer, BlipConfig, BlipForConditionalGeneration, BlipImageProcessor, BlipProcessor
from transformers.utils.logging import disable_progress_bar

from export.checkpoints import load_checkpoint
from tiny_models.common import (
    MEAN,
    PROBE_STEPS,
    PROBES,
    STD,
    WORDS,
    draw_heads,
    ending_word,
    randomise,
    smooth_pictures,
    special_token,
)

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # a caption ends with [SEP]


def make_blip(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(150, 250), seed)
    return save_random_blip(Path(folder), draw_blip(rng, tokenizer), tokenizer, seed, PROBES, PROBE_STEPS)


def make_blip_base(folder, seed: int) -> Path:
    """In the size of Salesforce/blip-image-captioning-base: 224 million random numbers, 0.9 GB."""
    config = BlipConfig(**load_checkpoint("Salesforce/blip-image-captioning-base")["config"])
    return save_random_blip(Path(folder), config, make_tokenizer(250, seed), seed, probes=2, steps=5)


def save_random_blip(folder: Path, config: BlipConfig, tokenizer, seed: int, probes: int, steps: int) -> Path:
    torch.manual_seed(seed)
    model = BlipForConditionalGeneration(config).eval()
    with torch.no_grad():
        randomise(model)
        calm_layers(model)
        let_captions_end(model, probes, steps)
    return save_blip(folder, model, tokenizer)


def draw_blip(rng: random.Random, tokenizer) -> BlipConfig:
    """Picture and words have widths of their own, as in the large model, or the same, as in the base."""
    vision_width, text_width = (rng.choice([2, 3, 4]) * rng.choice([16, 24, 32]) for _ in range(2))
    patch = rng.choice([8, 14, 16])
    vision = {
        "hidden_size": vision_width,
        "intermediate_size": rng.choice([2, 3, 4]) * vision_width,
        "num_hidden_layers": rng.randint(1, 3),
        "num_attention_heads": draw_heads(rng, vision_width),
        "image_size": patch * rng.randint(3, 6),
        "patch_size": patch,
    }
    text = {
        "vocab_size": len(tokenizer) + 2,  # the last two are starts, which the tokenizer does not know
        "hidden_size": text_width,
        "encoder_hidden_size": vision_width,
        "intermediate_size": rng.choice([2, 3, 4]) * text_width,
        "num_hidden_layers": rng.randint(1, 3),
        "num_attention_heads": draw_heads(rng, text_width),
        "max_position_embeddings": rng.choice([64, 100, 200]),
        "bos_token_id": len(tokenizer),
        "eos_token_id": 2,  # has no effect: the reference ends with sep_token_id
        "pad_token_id": 0,
        "sep_token_id": tokenizer.convert_tokens_to_ids("[SEP]"),
    }
    return BlipConfig(vision_config=vision, text_config=text)


def make_tokenizer(vocabulary: int, seed: int) -> BertTokenizer:
    """Pieces of words in small letters, as BERT's."""
    rng = random.Random(seed)
    pieces = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    pieces.normalizer = normalizers.BertNormalizer(lowercase=True)
    pieces.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    specials = [special_token(text) for text in SPECIALS]
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=specials, show_progress=False)
    pieces.train_from_iterator((" ".join(rng.choices(WORDS, k=12)) for _ in range(300)), trainer)
    ends = [(text, pieces.token_to_id(text)) for text in ("[CLS]", "[SEP]")]
    pieces.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B [SEP]", special_tokens=ends
    )
    pieces.decoder = decoders.WordPiece()
    return BertTokenizer(tokenizer_object=pieces)


def calm_layers(model: BlipForConditionalGeneration) -> None:
    """What layers add must not drown the words so far: else a caption is one word for ever, that of the picture."""
    for name, weight in model.text_decoder.bert.encoder.named_parameters():
        if name.endswith("output.dense.weight"):
            weight.mul_(0.3)


def let_captions_end(model: BlipForConditionalGeneration, probes: int, steps: int) -> None:
    """Gives [SEP] the place of a word that the model likes to say; until then it is not to be said."""
    text, side = model.config.text_config, model.config.vision_config.image_size
    said = model.generate(
        pixel_values=smooth_pictures(probes, side, side),
        do_sample=False,
        max_new_tokens=steps,
        min_new_tokens=steps,
    )
    word = ending_word([row[1:] for row in said.tolist()], steps)
    for table in (model.text_decoder.get_input_embeddings().weight, model.text_decoder.cls.predictions.bias):
        table[[word, text.sep_token_id]] = table[[text.sep_token_id, word]]


def save_blip(folder: Path, model, tokenizer) -> Path:
    disable_progress_bar()
    side = model.config.vision_config.image_size
    images = BlipImageProcessor(size={"height": side, "width": side}, resample=3, image_mean=MEAN, image_std=STD)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    BlipProcessor(images, tokenizer).save_pretrained(folder)
    images.save_pretrained(folder)
    return folder
