"""A random BLIP-2 with an OPT language model."""

import random
from pathlib import Path

import torch
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
    smooth_pictures,
    start_with,
    swap_rows,
    train_tokenizer,
)

PAD, BOS = 1, 2  # OPT's; "</s>" is both the start of every text and the tokenizer's end
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
NEWLINE = "\u010a"  # how a byte-level tokenizer spells "\n", with which BLIP-2 ends its captions


def make_blip2(
    folder,
    seed: int,
    hidden: int | None = None,
    layers: int | None = None,
    heads: int | None = None,
    image_size: int | None = None,
    query_tokens: int | None = None,
    vocabulary: int | None = None,
) -> Path:
    """A snapshot of a random BLIP-2 (OPT); what is not given is drawn from the seed."""
    rng = random.Random(seed)
    tokenizer = make_tokenizer(vocabulary or rng.randint(300, 600), seed)
    config = draw_blip2(rng, tokenizer)
    text = config.text_config
    text.num_hidden_layers = layers or text.num_hidden_layers
    text.num_attention_heads = heads or text.num_attention_heads
    text.hidden_size = text.word_embed_proj_dim = hidden or text.hidden_size
    config.num_query_tokens = query_tokens or config.num_query_tokens
    config.vision_config.image_size = image_size or config.vision_config.image_size
    torch.manual_seed(seed)
    model = Blip2ForConditionalGeneration(config).eval()
    with torch.no_grad():
        randomise(model)
        model.query_tokens.normal_(0, 1)
        let_captions_end(model, [config.image_token_index] * config.num_query_tokens + [BOS])
    return save_blip2(Path(folder), model, tokenizer)


def draw_blip2(rng: random.Random, tokenizer) -> Blip2Config:
    vision, qformer, text_width = draw_picture_side(rng)
    text = OPTConfig(
        vocab_size=len(tokenizer) + rng.choice([0, 0, 5, 16]),  # checkpoints pad their tables
        hidden_size=text_width,
        word_embed_proj_dim=text_width,
        ffn_dim=rng.choice([2, 3, 4]) * text_width,
        num_hidden_layers=rng.randint(1, 3),
        num_attention_heads=draw_heads(rng, text_width),
        max_position_embeddings=rng.choice([128, 200, 300]),
        bos_token_id=BOS,
        pad_token_id=PAD,
        eos_token_id=tokenizer.convert_tokens_to_ids(NEWLINE),
    )
    return Blip2Config(
        vision_config=vision,
        qformer_config=qformer,
        text_config=text,
        num_query_tokens=rng.choice([4, 7, 16, 32]),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
    )


def draw_picture_side(rng: random.Random) -> tuple[Blip2VisionConfig, Blip2QFormerConfig, int]:
    """And a width for the language model."""
    vision_width, query_width, text_width = (rng.choice([2, 3, 4]) * rng.choice([16, 24, 32]) for _ in range(3))
    patch = rng.choice([8, 14, 16])
    vision = Blip2VisionConfig(
        hidden_size=vision_width,
        intermediate_size=rng.choice([2, 3, 4]) * vision_width,
        num_hidden_layers=rng.randint(1, 3),
        num_attention_heads=draw_heads(rng, vision_width),
        image_size=patch * rng.randint(3, 6),
        patch_size=patch,
        qkv_bias=True,
    )
    qformer = Blip2QFormerConfig(
        vocab_size=8,  # its own text side is not used
        hidden_size=query_width,
        intermediate_size=rng.choice([2, 4]) * query_width,
        num_hidden_layers=rng.randint(1, 3),
        num_attention_heads=draw_heads(rng, query_width),
        encoder_hidden_size=vision_width,
        cross_attention_frequency=2,
    )
    return vision, qformer, text_width


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE like OPT's; the image token is the last, as in the real one."""
    bpe = train_tokenizer(vocabulary, seed, SPECIALS, (IMAGE,))
    start_with(bpe, "</s>")
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="</s>", eos_token="</s>", unk_token="</s>", pad_token="<pad>"
    )


def let_captions_end(model: Blip2ForConditionalGeneration, prompt: list[int]) -> None:
    """Gives the newline the place of a word that the model likes to say, so that captions end, at many lengths."""
    word = ending_word([row[len(prompt) :] for row in probe(model, prompt)])
    swap_rows(model.get_input_embeddings().weight, word, model.config.text_config.eos_token_id)


def probe(model: Blip2ForConditionalGeneration, prompt: list[int]) -> list[list[int]]:
    """What it says about some pictures when nothing ends it."""
    side = model.config.vision_config.image_size
    said = model.generate(
        pixel_values=smooth_pictures(PROBES, side, side),
        input_ids=torch.tensor([prompt] * PROBES),
        do_sample=False,
        max_new_tokens=PROBE_STEPS,
        eos_token_id=None,
    )
    return said.tolist()


def save_blip2(folder: Path, model, tokenizer) -> Path:
    disable_progress_bar()
    side = model.config.vision_config.image_size
    images = BlipImageProcessor(size={"height": side, "width": side}, resample=3, image_mean=MEAN, image_std=STD)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    Blip2Processor(images, tokenizer, num_query_tokens=model.config.num_query_tokens).save_pretrained(folder)
    images.save_pretrained(folder)
    return folder
