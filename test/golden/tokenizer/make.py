#!/usr/bin/env python3
"""Writes the tokenizers of this folder and what Python's `tokenizers` makes of texts: the C++ tests must agree.

python test/golden/tokenizer/make.py        (tokenizers 0.23; run it again only to change the cases)
"""

import json
import random
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent

SENTENCES = [
    "a photo of a dog playing in the snow",
    "A photo of two cats sleeping on a red sofa, with a cup of coffee beside them.",
    "Question: what is in this picture? Answer: a street with cars and people",
    "the man's umbrella isn't open; it's raining and he doesn't care",
    "ein Foto von einem Hund, der im Schnee spielt: größer, schöner, übermütig",
    "une photo d'un café à côté d'une église, déjà vu",
    "家の前に座っている猫の写真 一张狗在雪地里玩的照片",
    "a family 👨‍👩‍👧‍👦 with a 🦩 and a 🐕 in front of the 🏠 👍🏽",
    "Собака играет в снегу 12345 67 890",
]

CASES = [
    "",
    " ",
    "  two  spaces  ",
    "a photo of a dog",
    "a photo of\n",
    "\ttab\r\nline\x0bfeed\x0c",
    "It's the man's; he doesn't, they'll, I'VE",
    "</s>in the text</s> <pad> <image>",
    "größer Größe a\u0308 \u00e4",
    "一张照片 家の猫",
    "🦩",
    "👨‍👩‍👧‍👦 family",
    "👍🏽🏳️‍🌈",
    "nul\x00 bell\x07 del\x7f nbsp\u00a0 zwsp\u200b bom\ufeff",
    "\u202eright to left\u202c שלום مرحبا",
    "ends with replacement \ufffd",
    "\ufffd\ufffdin the middle\ufffd of it",
    "\U0010ffff\ue000\u0000",
    "e\u0301\u0302\u0303\u0304 zalgo",
    "x" * 300,
    "1234567890" * 8,
]


def random_texts(count):
    dice = random.Random(20260601)
    ranges = [
        (0x20, 0x7E),
        (0x00, 0x1F),
        (0xA0, 0x24F),
        (0x300, 0x36F),
        (0x400, 0x4FF),
        (0x5D0, 0x6FF),
        (0x200B, 0x200F),
        (0x3040, 0x30FF),
        (0x4E00, 0x9FFF),
        (0xAC00, 0xD7A3),
        (0xFE00, 0xFE0F),
        (0x1F300, 0x1FAFF),
    ]
    for _ in range(count):
        yield "".join(chr(dice.randint(*dice.choice(ranges))) for _ in range(dice.randint(1, 24)))


def byte_level():
    """GPT-2's kind, as BLIP-2 with OPT has it: `</s>` in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [AddedToken(text, special=True, normalized=False) for text in ("<pad>", "</s>", "<image>")]
    tokenizer.train_from_iterator(
        SENTENCES * 4,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        ),
    )
    front = tokenizer.token_to_id("</s>")
    tokenizer.post_processor = processors.TemplateProcessing(single="</s> $A", special_tokens=[("</s>", front)])
    return tokenizer


def byte_fallback():
    """Llama's kind, as LLaVA has it: `▁` for a space, `<0x41>` for a byte of a character it does not know."""
    alphabet = sorted(set("▁" + "".join(SENTENCES[:6]).replace(" ", "▁")))
    tokens = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + alphabet
    vocabulary = {token: index for index, token in enumerate(tokens)}
    merges = []
    for left, right in [
        ("▁", "a"),
        ("▁", "▁"),
        ("o", "f"),
        ("▁", "of"),
        ("p", "h"),
        ("ph", "o"),
        ("▁", "pho"),
        ("h", "e"),
    ]:
        merges.append((left, right))
        vocabulary.setdefault(left + right, len(vocabulary))
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [
            decoders.Replace("▁", " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
    )
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return tokenizer


def main():
    texts = CASES + list(random_texts(200))
    for name, tokenizer in [("tokenizer", byte_level()), ("byte_fallback", byte_fallback())]:
        tokenizer.save(str(FOLDER / f"{name}.json"))
    expected = {}
    for name in ["tokenizer", "byte_fallback"]:
        tokenizer = Tokenizer.from_file(str(FOLDER / f"{name}.json"))
        cases = []
        for text in texts:
            ids = tokenizer.encode(text).ids
            cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids)})
        expected[name] = {"vocabulary": tokenizer.get_vocab_size(), "cases": cases}
    lines = []
    for name, part in expected.items():
        rows = ",\n".join(json.dumps(case) for case in part["cases"])
        lines.append(f'"{name}": {{"vocabulary": {part["vocabulary"]}, "cases": [\n{rows}\n]}}')
    (FOLDER / "expected.json").write_text("{" + ",\n".join(lines) + "}\n")


if __name__ == "__main__":
    main()
