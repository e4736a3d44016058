"""Random Qwen2.5-VL and Qwen3-VL models."""

import random
from pathlib import Path

import torch
from tokenizers import normalizers
from transformers import (
    GenerationConfig,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2_5_VLProcessor,
    Qwen2VLImageProcessor,
    Qwen2VLVideoProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from tiny_models.common import (
    MEAN,
    PROBE_STEPS,
    PROBES,
    STD,
    ending_word,
    randomise,
    swap_rows,
    train_tokenizer,
)
from tiny_models.llava_next import draw_picture, save

END, TURN_END, IMAGE = "<|endoftext|>", "<|im_end|>", "<|image_pad|>"
VISION_START, VISION_END, VIDEO = "<|vision_start|>", "<|vision_end|>", "<|video_pad|>"
SPECIALS = (END, "<|im_start|>", TURN_END, VISION_START, VISION_END, IMAGE, VIDEO)
HALF = (0.5, 0.5, 0.5)
SYSTEM = (
    "{% if loop.first and message['role'] != 'system' %}"
    "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n{% endif %}"
)
TURNS = (
    "<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
)
ANSWER = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
CHAT_2_5 = "{% for message in messages %}" + SYSTEM + TURNS + "{% endfor %}" + ANSWER
CHAT_3 = "{% for message in messages %}" + TURNS + "{% endfor %}" + ANSWER


def make_qwen2_5_vl(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed)
    vision, options = draw_tower(rng, patches=[4, 7, 14]), draw_text(rng, tokenizer)
    cell = vision["patch_size"] * vision["spatial_merge_size"]
    vision |= {
        "intermediate_size": rng.choice([44, 76]),
        "window_size": cell * rng.choice([2, 3, 4]),
        "fullatt_block_indexes": rng.choice([[1], [0, 2], [2]]),
        "tokens_per_second": 2,
    }
    options |= {"rope_parameters": draw_rope(rng, options), "bos_token_id": None}
    options["hidden_size"] = options["num_attention_heads"] * options.pop("head_dim")
    vision["out_hidden_size"] = options["hidden_size"]
    config = Qwen2_5_VLConfig(vision_config=vision, text_config=options, **ids_of(rng, tokenizer))
    return make(Path(folder), seed, rng, Qwen2_5_VLForConditionalGeneration, config, tokenizer)


def make_qwen3_vl(folder, seed: int) -> Path:
    rng = random.Random(seed)
    tokenizer = make_tokenizer(rng.randint(300, 600), seed)
    vision, options = draw_tower(rng, patches=[4, 8, 16]), draw_text(rng, tokenizer)
    vision |= {
        "intermediate_size": rng.choice([44, 76]),
        "num_position_embeddings": rng.choice([4, 6, 9, 12]) ** 2,
        # Behind the last layer they would change nothing that is read.
        "deepstack_visual_indexes": rng.choice([[0], [0, 1], [1], [0, 2]])[: options["num_hidden_layers"] - 1],
        "out_hidden_size": options["hidden_size"],
    }
    options["rope_parameters"] = draw_rope(rng, options) | {"mrope_interleaved": True}
    config = Qwen3VLConfig(vision_config=vision, text_config=options, **ids_of(rng, tokenizer))
    return make(Path(folder), seed, rng, Qwen3VLForConditionalGeneration, config, tokenizer)


def make(folder: Path, seed: int, rng: random.Random, model_class: type, config, tokenizer) -> Path:
    torch.manual_seed(seed)
    model = model_class(config).eval()
    set_generation(rng, model, tokenizer)
    processor = make_processor(rng, config, tokenizer, draw_film_size(config, seed))
    with torch.no_grad():
        randomise(model)
        let_captions_end(model, processor, rng)
    return save(folder, model, processor)


def make_tokenizer(vocabulary: int, seed: int) -> PreTrainedTokenizerFast:
    """The special tokens come last, and nothing stands in front of a text, as in the real ones."""
    bpe = train_tokenizer(vocabulary, seed, (), SPECIALS)
    bpe.normalizer = normalizers.NFC()
    return PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token=TURN_END, pad_token=END)


def draw_tower(rng: random.Random, patches: list[int]) -> dict:
    heads, head_dim = rng.choice([1, 2, 4]), rng.choice([16, 24])
    return {
        "depth": 3,
        "hidden_size": heads * head_dim,
        "num_heads": heads,
        "patch_size": rng.choice(patches),
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }


def draw_text(rng: random.Random, tokenizer) -> dict:
    heads, head_dim = rng.choice([2, 4, 6, 8]), rng.choice([8, 16, 24])
    width = heads * rng.choice([8, 16])  # the heads together may be wider than the model
    return {
        "vocab_size": len(tokenizer) + rng.choice([0, 0, 5, 16]),  # checkpoints pad their tables
        "hidden_size": width,
        "intermediate_size": rng.choice([2, 3, 4]) * width,
        "num_hidden_layers": rng.randint(2, 3),
        "num_attention_heads": heads,
        "num_key_value_heads": rng.choice([count for count in (1, 2, 3, 4) if heads % count == 0]),
        "head_dim": head_dim,
        "max_position_embeddings": rng.choice([768, 1024]),
        "rms_norm_eps": rng.choice([1e-5, 1e-6]),
        "eos_token_id": tokenizer.convert_tokens_to_ids(TURN_END),
        "pad_token_id": tokenizer.convert_tokens_to_ids(END),
    }


def draw_rope(rng: random.Random, text: dict) -> dict:
    """Sections of unlike sizes where there is room: the pairs of a head, of time, rows and columns."""
    pairs = text["head_dim"] // 2
    down, across = (rng.randint(max(1, pairs // 4), pairs // 3) for _ in range(2))
    sections = [pairs - down - across, down, across]
    return {"rope_type": "default", "rope_theta": rng.choice([1e4, 1e6]), "mrope_section": sections}


def ids_of(rng: random.Random, tokenizer) -> dict:
    named = {"image": IMAGE, "video": VIDEO, "vision_start": VISION_START, "vision_end": VISION_END}
    ids = {f"{name}_token_id": tokenizer.convert_tokens_to_ids(token) for name, token in named.items()}
    return ids | {"tie_word_embeddings": rng.random() < 0.4}


def make_processor(rng: random.Random, config, tokenizer, film_size: dict):
    vision, newer = config.vision_config, config.model_type == "qwen3_vl"
    cell = vision.patch_size * vision.spatial_merge_size
    sizes = {"shortest_edge": cell * cell * rng.choice([2, 4, 9]), "longest_edge": cell * cell * rng.randint(30, 70)}
    mean, std = (HALF, HALF) if newer else (MEAN, STD)
    options = {"patch_size": vision.patch_size, "merge_size": 2, "image_mean": mean, "image_std": std}
    images, films = Qwen2VLImageProcessor(**options, size=sizes), options | {"size": film_size}
    if newer:
        return Qwen3VLProcessor(images, tokenizer, Qwen3VLVideoProcessor(**films), chat_template=CHAT_3)
    return Qwen2_5_VLProcessor(images, tokenizer, Qwen2VLVideoProcessor(**films), chat_template=CHAT_2_5)


def draw_film_size(config, seed: int) -> dict:
    """Bounds unlike those of pictures: of each frame's area, or (Qwen3-VL) of all frames' together. From a seed of
    their own, so that a seed's model is what it was before it knew films."""
    rng, vision, frames = (
        random.Random(f"film {seed}"),
        config.vision_config,
        6 if config.model_type == "qwen3_vl" else 1,
    )
    area = frames * (vision.patch_size * vision.spatial_merge_size) ** 2
    return {"shortest_edge": area * rng.choice([1, 3, 6]), "longest_edge": area * rng.randint(12, 30)}


def set_generation(rng: random.Random, model, tokenizer) -> None:
    """As the published ones: both ends, and a penalty on repetitions for some."""
    turn_end, end = (tokenizer.convert_tokens_to_ids(token) for token in (TURN_END, END))
    model.generation_config = GenerationConfig(
        eos_token_id=[turn_end, end],
        pad_token_id=end,
        repetition_penalty=rng.choice([1.0, 1.0, 1.05, 1.2]),
    )


def let_captions_end(model, processor, rng: random.Random) -> None:
    """Gives the end the place of a word that the model likes to say, so that captions end, at many lengths."""
    settings = model.generation_config
    ends, settings.eos_token_id = settings.eos_token_id, None
    captions = [say(model, processor, draw_picture(rng)) for _ in range(PROBES)]
    settings.eos_token_id = ends
    swap_rows(model.lm_head.weight, ending_word(captions), ends[0])


def say(model, processor, picture) -> list[int]:
    content = [{"type": "image"}, {"type": "text", "text": "a photo of"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    inputs = processor(images=picture, text=text, return_tensors="pt")
    said = model.generate(**inputs, do_sample=False, max_new_tokens=PROBE_STEPS)
    return said[0, inputs["input_ids"].shape[1] :].tolist()
