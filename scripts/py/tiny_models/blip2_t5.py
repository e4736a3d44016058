"""A random BLIP-2 with a T5 language model."""

import random
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import Blip2Config, Blip2ForConditionalGeneration, PreTrainedTokenizerFast, T5Config

from tiny_models.blip2 import draw_picture_side, probe, save_blip2
from tiny_models.common import IMAGE, WORDS, draw_heads, ending_word, randomise, special_token, swap_rows

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"  # T5's first tokens; a caption starts with <pad>


def make_blip2_t5(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(120, 200), seed)
    config = draw_blip2_t5(rng, tokenizer)
    torch.manual_seed(seed)
    model = Blip2ForConditionalGeneration(config).eval()
    with torch.no_grad():
        own_head = seed % 2 == 1
        if own_head:  # as flan-T5, and all after T5 1.1: a head of its own, which the reference finds in the files
            untie_head(model)
        randomise(model)
        model.language_model.shared.weight.normal_(0, 1)  # words must weigh against what the layers add
        calm_layers(model, own_head)
        model.query_tokens.normal_(0, 1)
        words = tokenizer("a photo of")["input_ids"]
        let_captions_end(model, [config.image_token_index] * config.num_query_tokens + words)
    return save_blip2(Path(folder), model, tokenizer)


def draw_blip2_t5(rng: random.Random, tokenizer) -> Blip2Config:
    vision, qformer, width = draw_picture_side(rng)
    layers = rng.randint(1, 3)
    text = T5Config(
        vocab_size=len(tokenizer) + rng.choice([0, 0, 5, 16]),  # checkpoints pad their tables
        d_model=width,
        d_kv=rng.choice([8, 16]),  # the heads together need not be as wide as the model
        d_ff=rng.choice([2, 3, 4]) * width,
        num_layers=layers,
        num_decoder_layers=rng.randint(1, layers),  # the reference's cache has no room for more
        num_heads=draw_heads(rng, width),
        relative_attention_num_buckets=rng.choice([8, 32]),
        relative_attention_max_distance=rng.choice([20, 128]),
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=rng.random() < 0.5,  # says in fact whether the decoder's outputs are scaled
        decoder_start_token_id=0,
        bos_token_id=1,
        pad_token_id=0,
        eos_token_id=1,
    )
    return Blip2Config(
        vision_config=vision,
        qformer_config=qformer,
        text_config=text,
        num_query_tokens=rng.choice([4, 7, 16, 32]),
        image_token_index=tokenizer.convert_tokens_to_ids(IMAGE),
    )


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """Pieces of words with their log-probabilities, as T5 has; the image token is the last."""
    rng = random.Random(seed)
    unigram = Tokenizer(models.Unigram())
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    unigram.decoder = decoders.Metaspace()
    specials = [special_token(text) for text in (PAD, END, UNKNOWN)]
    trainer = trainers.UnigramTrainer(
        vocab_size=vocabulary, special_tokens=specials, unk_token=UNKNOWN, show_progress=False
    )
    unigram.train_from_iterator((" ".join(rng.choices(WORDS, k=12)) for _ in range(300)), trainer)
    unigram.add_special_tokens([special_token(IMAGE)])
    unigram.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", pair=f"$A {END} $B {END}", special_tokens=[(END, unigram.token_to_id(END))]
    )
    return PreTrainedTokenizerFast(tokenizer_object=unigram, eos_token=END, unk_token=UNKNOWN, pad_token=PAD)


def untie_head(model: Blip2ForConditionalGeneration) -> None:
    head = model.language_model.lm_head
    head.weight = torch.nn.Parameter(head.weight.clone())
    model.language_model.config.tie_word_embeddings = False


def calm_layers(model: Blip2ForConditionalGeneration, own_head: bool) -> None:
    """T5 does not scale its scores: its weights must. And what layers add must not drown the words so far; but a
    model with tied words would then only repeat itself."""
    for name, weight in model.language_model.named_parameters():
        if name.endswith("Attention.q.weight"):
            weight.mul_(model.config.text_config.d_kv**-0.5)
        if own_head and name.endswith((".o.weight", ".wo.weight")):
            weight.mul_(0.4)


def let_captions_end(model: Blip2ForConditionalGeneration, prompt: list[int]) -> None:
    """Gives </s> the place of a word that the model likes to say; its first token is the decoder's start."""
    word = ending_word([row[1:] for row in probe(model, prompt)])
    swap_rows(model.language_model.lm_head.weight, word, model.config.text_config.eos_token_id)
