"""What the makers of all families share: a tokenizer, weights that say something, captions that end."""

import math
import random
from collections import Counter

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

IMAGE = "<image>"
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)

WORDS = (
    "a photo of picture with and on the left right two three red green small large dog cat house tree street "
    "man woman child sitting standing Question: how many? Answer: color what is it is under over near water"
).split()

PROBES, PROBE_STEPS = 12, 32
WISHED_END = 0.4  # of the probes' steps, on average


def draw_heads(rng: random.Random, width: int) -> int:
    """Heads of 8 or more numbers, a multiple of 8 as on a GPU."""
    return rng.choice([heads for heads in (1, 2, 3, 4, 6, 8) if width % (8 * heads) == 0])


def train_tokenizer(vocabulary: int, seed: int, specials: tuple[str, ...], added: tuple[str, ...] = ()) -> Tokenizer:
    """A byte-level BPE trained on babble: the specials are its first tokens, and those that are added its last."""
    rng = random.Random(seed)
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary - len(added),
        special_tokens=[special_token(text) for text in specials],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator((" ".join(rng.choices(WORDS, k=12)) + "\n" for _ in range(300)), trainer)
    if added:
        bpe.add_special_tokens([special_token(text) for text in added])
    return bpe


def special_token(text: str) -> AddedToken:
    return AddedToken(text, normalized=False, special=True)


def start_with(bpe: Tokenizer, text: str) -> None:
    """Puts a special token in front of every text."""
    bpe.post_processor = processors.TemplateProcessing(
        single=f"{text} $A", pair=f"{text} $A {text} $B", special_tokens=[(text, bpe.token_to_id(text))]
    )


def randomise(model) -> None:
    """So large that each picture and prompt gets words of its own: the usual init says one thing for all."""
    for name, weight in model.named_parameters():
        if weight.dim() == 1:
            weight.add_(0.1 * torch.randn_like(weight))
        elif "embedding" in name and "patch" not in name:
            weight.normal_(0, 0.5)
        elif weight.dim() > 1:
            weight.normal_(0, 2 / math.sqrt(weight[0].numel()))
    model.tie_weights()


def smooth_pictures(count: int, height: int, width: int) -> torch.Tensor:
    """Pixel values of pictures unlike each other."""
    noise = torch.randn(count, 3, 4, 4)
    return 1.5 * torch.nn.functional.interpolate(noise, size=(height, width), mode="bilinear")


def ending_word(captions: list[list[int]], steps: int = PROBE_STEPS) -> int:
    """The word with which the captions would end latest but not too late, at the most different places."""
    firsts = Counter()
    for word in {word for caption in captions for word in caption}:
        ends = [caption.index(word) if word in caption else steps for caption in captions]
        mean = sum(ends) / len(ends) / steps
        firsts[word] = len(set(ends)) - 10 * abs(mean - WISHED_END)
    return firsts.most_common(1)[0][0]


def swap_rows(table: torch.Tensor, one: int, other: int) -> None:
    """Of tied embeddings: exchanges the parts that two words play."""
    table[[one, other]] = table[[other, one]]
