"""Random LLaVA-NeXT and CLIP in the size of published checkpoints, as snapshots: for timing, where what the model says
does not matter. Weights are drawn and written a few GB at a time."""

import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from transformers import (
    CLIPConfig,
    CLIPModel,
    GenerationConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from export.checkpoints import load_checkpoint
from export.snapshot import INDEX
from tiny_models import clip as tiny_clip
from tiny_models import llava_next as tiny_llava

SHARD_BYTES, TINY_SHARD_BYTES = 4e9, 5e4

LLAVA = "llava-hf/llava-v1.6-mistral-7b-hf"
TINY_VISION = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 2,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip
TINY_TEXT = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 16, "vocab_size": 600, "max_position_embeddings": 2048,
}  # fmt: skip
TINY_LLAVA = {"image_token_index": 590, "image_grid_pinpoints": [[28, 56], [56, 28], [56, 56]]}

CLIP = "openai/clip-vit-large-patch14"
TINY_CLIP_TEXT = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
CLIP_TOKENS = 400  # entries of its tokenizer: the model may have more rows


def draw_weights(shapes):
    """(name, float16 values) of each: small random values, one block of them over and over, as drawing all of them
    would take longer than the rest. Its length is prime, so that no two rows of a matrix are alike."""
    block = (np.random.default_rng(5).standard_normal(1_000_003) * 0.02).astype(np.float16)
    for name, shape in shapes.items():
        values = torch.from_numpy(np.resize(block, int(np.prod(shape)))).view(shape)
        yield name, values + 1 if "norm" in name.lower() and name.endswith("weight") else values
        block = np.roll(block, 12345)  # no two parameters alike


def widen(tokenizer, rows, places):
    """The tokenizer with an entry for each of the model's rows, so that every token it can say has a text. `places`
    says where some of its entries move."""
    made = json.loads(tokenizer.to_str())
    known = made["model"]["vocab"] | {token["content"]: token["id"] for token in made["added_tokens"]}
    vocabulary = {name: number for name, number in known.items() if name not in places} | places
    taken = set(vocabulary.values())
    vocabulary |= {f"w{number}": number for number in range(rows) if number not in taken}
    assert sorted(vocabulary.values()) == list(range(rows)), "two entries have one place"
    made["model"]["vocab"] = dict(sorted(vocabulary.items(), key=lambda entry: entry[1]))
    for token in made["added_tokens"]:
        token["id"] = vocabulary[token["content"]]
    return Tokenizer.from_str(json.dumps(made))


def save_weights(folder, kind, config, dtype, shard_bytes, draw=draw_weights):
    """config.json and the weights, in shards, of a model of transformers' class `kind`, of which only the names and
    shapes are made."""
    config.architectures, config.dtype = [kind.__name__], str(dtype).removeprefix("torch.")
    config.save_pretrained(folder)
    with torch.device("meta"):
        shapes = {name: tuple(weight.shape) for name, weight in kind(config).named_parameters()}
    shard, places = {}, {}
    for name, values in draw(shapes):
        values = values.to(dtype)
        if shard and sum(one.nbytes for one in shard.values()) + values.nbytes > shard_bytes:
            write_shard(folder, shard, places)
        shard[name] = values
    write_shard(folder, shard, places)
    whole = sum(int(np.prod(shape)) * dtype.itemsize for shape in shapes.values())
    (folder / INDEX).write_text(json.dumps({"metadata": {"total_size": whole}, "weight_map": places}))


def write_shard(folder, shard, places):
    """Empties it, for its memory is for the next, and adds to `places` in which file each weight is."""
    file = f"model-{len(set(places.values())) + 1:05d}.safetensors"
    save_file(shard, folder / file, {"format": "pt"})
    places.update(dict.fromkeys(shard, file))
    shard.clear()


def save_llava(folder, dtype, tiny):
    if not tiny:
        return save_llava_of({}, folder, dtype)
    sizes = TINY_LLAVA | {"text_config": TINY_TEXT, "vision_config": TINY_VISION}
    return save_llava_of(sizes, folder, dtype, TINY_SHARD_BYTES)


def save_llava_of(sizes, folder, dtype, shard_bytes=SHARD_BYTES, draw=draw_weights):
    """The published model, but for what `sizes` says of it and of its parts."""
    folder = Path(folder)
    known = load_checkpoint(LLAVA)
    settings, ends = known["config"], known["generation"]
    parts = {name: settings[name] | sizes.get(name, {}) for name in ("text_config", "vision_config")}
    config = LlavaNextConfig(**settings | sizes | parts)
    folder.mkdir(parents=True)
    save_weights(folder, LlavaNextForConditionalGeneration, config, dtype, shard_bytes, draw)
    image = config.image_token_index
    GenerationConfig(**ends | {"pad_token_id": image + 1}).save_pretrained(folder)
    entries = tiny_llava.make_tokenizer(400, seed=6).backend_tokenizer
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=widen(entries, config.text_config.vocab_size, {"<image>": image, "<pad>": image + 1}),
        bos_token="<s>", eos_token="</s>", unk_token="<unk>", pad_token="<pad>",
    )  # fmt: skip
    processor = tiny_llava.make_processor(config, tokenizer, known["chat_template"])
    processor.save_pretrained(folder)
    processor.image_processor.save_pretrained(folder)  # as the hub has it: in a file of its own
    return folder


def save_clip(folder, dtype, tiny):
    folder = Path(folder)
    settings = load_checkpoint(CLIP)["config"]
    if tiny:
        parts = {"text_config": settings["text_config"] | TINY_CLIP_TEXT | {"vocab_size": CLIP_TOKENS + 200}}
        parts["vision_config"] = settings["vision_config"] | TINY_VISION
        settings = settings | {"projection_dim": 24} | parts
    config = CLIPConfig(**settings)
    folder.mkdir(parents=True)
    save_weights(folder, CLIPModel, config, dtype, TINY_SHARD_BYTES if tiny else SHARD_BYTES)
    tokenizer = tiny_clip.make_tokenizer(CLIP_TOKENS, seed=6)
    tiny_clip.save_processor(folder, config, tokenizer, config.vision_config.image_size)
    return folder
