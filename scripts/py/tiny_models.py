"""Random tiny models in Hugging Face's form, drawn from a seed: what parity is tested on.

    python -m tiny_models FOLDER --family blip2 --seed N
"""

import argparse
import math
import random
from collections import Counter
from pathlib import Path

import torch
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
from transformers.utils.logging import disable_progress_bar

PAD, BOS = 1, 2  # OPT's; "</s>" is both the start of every text and the tokenizer's end
SPECIALS = ("<s>", "<pad>", "</s>", "<unk>")
IMAGE = "<image>"
NEWLINE = "\u010a"  # how a byte-level tokenizer spells "\n", with which BLIP-2 ends its captions
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

WORDS = (
    "a photo of picture with and on the left right two three red green small large dog cat house tree street "
    "man woman child sitting standing Question: how many? Answer: color what is it is under over near water"
).split()

PROBES, PROBE_STEPS = 12, 32
WISHED_END = 0.4  # of the probes' steps, on average


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
        let_captions_end(model, [config.image_token_index] * config.num_query_tokens + [BOS])
    return save_blip2(Path(folder), model, tokenizer)


def draw_blip2(rng: random.Random, tokenizer) -> Blip2Config:
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


def draw_heads(rng: random.Random, width: int) -> int:
    """Heads of 8 or more numbers, a multiple of 8 as on a GPU."""
    return rng.choice([heads for heads in (1, 2, 3, 4, 6, 8) if width % (8 * heads) == 0])


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """A byte-level BPE like OPT's, trained on babble; the image token is the last, as in the real one."""
    rng = random.Random(seed)
    specials = [AddedToken(text, normalized=False, special=True) for text in SPECIALS]
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - 1,
        special_tokens=specials,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator((" ".join(rng.choices(WORDS, k=12)) + "\n" for _ in range(300)), trainer)
    bpe.add_special_tokens([AddedToken(IMAGE, normalized=False, special=True)])
    bpe.post_processor = processors.TemplateProcessing(
        single="</s> $A", pair="</s> $A </s> $B", special_tokens=[("</s>", BOS)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, bos_token="</s>", eos_token="</s>", unk_token="</s>", pad_token="<pad>"
    )


def randomise(model: Blip2ForConditionalGeneration) -> None:
    """So large that each picture and prompt gets words of its own: the usual init says one thing for all."""
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            weight.add_(0.1 * torch.randn_like(weight))
        elif "embeddings" in name and "patch" not in name:
            weight.normal_(0, 0.5)
        else:
            weight.normal_(0, 2 / math.sqrt(weight[0].numel()))
    model.query_tokens.normal_(0, 1)
    model.tie_weights()


def let_captions_end(model: Blip2ForConditionalGeneration, prompt: list[int]) -> None:
    """Gives the newline the place of a word that the model likes to say, so that captions end, at many lengths."""
    side = model.config.vision_config.image_size
    pictures = torch.nn.functional.interpolate(torch.randn(PROBES, 3, 4, 4), size=(side, side), mode="bilinear")
    ids = torch.tensor([prompt] * PROBES)
    said = model.generate(
        pixel_values=1.5 * pictures, input_ids=ids, do_sample=False, max_new_tokens=PROBE_STEPS, eos_token_id=None
    )
    word = ending_word([row[len(prompt) :] for row in said.tolist()])
    swap_rows(model.get_input_embeddings().weight, word, model.config.text_config.eos_token_id)


def ending_word(captions: list[list[int]]) -> int:
    """The word with which the captions would end latest but not too late, at the most different places."""
    firsts = Counter()
    for word in {word for caption in captions for word in caption}:
        ends = [caption.index(word) if word in caption else PROBE_STEPS for caption in captions]
        mean = sum(ends) / len(ends) / PROBE_STEPS
        firsts[word] = len(set(ends)) - 10 * abs(mean - WISHED_END)
    return firsts.most_common(1)[0][0]


def swap_rows(table: torch.Tensor, one: int, other: int) -> None:
    """Of tied embeddings: exchanges the parts that two words play."""
    table[[one, other]] = table[[other, one]]


def save_blip2(folder: Path, model, tokenizer) -> Path:
    disable_progress_bar()
    side = model.config.vision_config.image_size
    images = BlipImageProcessor(size={"height": side, "width": side}, resample=3, image_mean=MEAN, image_std=STD)
    folder.mkdir(parents=True, exist_ok=True)
    model.save_pretrained(folder)
    Blip2Processor(images, tokenizer, num_query_tokens=model.config.num_query_tokens).save_pretrained(folder)
    images.save_pretrained(folder)
    return folder


MAKERS = {"blip2": make_blip2}


def main() -> None:
    parser = argparse.ArgumentParser(prog="tiny_models", description="Makes a snapshot of a random tiny model.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--family", choices=MAKERS, default="blip2")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(MAKERS[arguments.family](arguments.folder, arguments.seed))


if __name__ == "__main__":
    main()
