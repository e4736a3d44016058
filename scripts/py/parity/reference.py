"""The reference: what transformers says about a picture, in float32, on one thread, one request at a time."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import (
    AutoConfig,
    AutoProcessor,
    Blip2ForConditionalGeneration,
    BlipForConditionalGeneration,
    CLIPModel,
    LlavaNextForConditionalGeneration,
    LlavaNextVideoForConditionalGeneration,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3VLForConditionalGeneration,
    VideoLlavaForConditionalGeneration,
)

MODELS_KEPT = 2
SHAKE = 1e-6  # of a pixel: moves the logits about as far as all their roundings do


VICUNA = (
    "A chat between a curious human and an artificial intelligence assistant. "
    "The assistant gives helpful, detailed, and polite answers to the human's questions."
)


def plain_text(processor, language: str, prompt: str, pictures: int) -> str:
    return prompt


def chat_text(processor, language: str, prompt: str, pictures: int) -> str:
    """By the snapshot's chat template; else as the models' pages say."""
    if processor.chat_template:
        return templated(processor, prompt, ["image"] * pictures)
    asked = "<image>\n" * pictures + prompt
    return f"{VICUNA} USER: {asked} ASSISTANT:" if language == "llama" else f"[INST] {asked} [/INST]"


def templated(processor, prompt: str, kinds: list[str]) -> str:
    content = [{"type": kind} for kind in kinds] + [{"type": "text", "text": prompt}]
    said = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    return said.removeprefix(processor.tokenizer.bos_token or "")  # the tokenizer adds it


def video_text(processor, language: str, prompt: str, kinds: int | list[str]) -> str:
    """Of LLaVA-NeXT-Video and Video-LLaVA. kinds: "image" or "video", of each thing seen; or how many pictures"""
    kinds = ["image"] * kinds if isinstance(kinds, int) else kinds
    if processor.chat_template:
        return templated(processor, prompt, kinds)
    asked = "".join(f"<{kind}>\n" for kind in kinds) + prompt
    return f"USER: {asked} ASSISTANT:" if language == "llama" else f"[INST] {asked} [/INST]"


@dataclass(frozen=True)
class Way:
    """How the reference is asked about a model of one type."""

    model: type
    text: Callable = plain_text  # (processor, the language model's type, prompt, pictures) -> the processor's text
    ends: Callable = lambda model: model.generation_config.eos_token_id
    before: Callable = lambda model, ids: ids.shape[1]  # tokens of the output before the new ones, given the input's


WAYS = {
    # BLIP-2: the settings of the inner language model count; the outer ones have no effect.
    "blip-2": Way(
        Blip2ForConditionalGeneration,
        ends=lambda model: model.language_model.generation_config.eos_token_id,
        before=lambda model, ids: 1 if model.config.is_encoder_decoder else ids.shape[1],
    ),
    # BLIP ends with another token than it says, and drops the last one of what it is given.
    "blip": Way(
        BlipForConditionalGeneration,
        ends=lambda model: model.config.text_config.sep_token_id,
        before=lambda model, ids: ids.shape[1] - 1,
    ),
    "llava_next": Way(LlavaNextForConditionalGeneration, chat_text),
    "llava_next_video": Way(LlavaNextVideoForConditionalGeneration, video_text),
    "video_llava": Way(VideoLlavaForConditionalGeneration, video_text),
    "qwen2_5_vl": Way(Qwen2_5_VLForConditionalGeneration, chat_text),
    "qwen3_vl": Way(Qwen3VLForConditionalGeneration, chat_text),
    "clip": Way(CLIPModel),
}


@lru_cache(MODELS_KEPT)
def load_config(snapshot: str):
    return AutoConfig.from_pretrained(snapshot, local_files_only=True)


def way_of(snapshot: str) -> Way:
    return WAYS[load_config(snapshot).model_type]


@lru_cache(MODELS_KEPT)
def load_processor(snapshot: str):
    return AutoProcessor.from_pretrained(snapshot, local_files_only=True)


@lru_cache(MODELS_KEPT)
def load_model(snapshot: str, dtype: torch.dtype = torch.float32):
    return way_of(snapshot).model.from_pretrained(snapshot, local_files_only=True, dtype=dtype).eval()


def pixel_values(snapshot, image) -> torch.Tensor:
    """[1,3,H,W] or, of tiles, [N,3,H,W], as the reference's image processor makes them of a PIL image. Of Qwen-VL: what
    it makes, [S,W] of all patches."""
    made = load_processor(str(snapshot)).image_processor(image, return_tensors="pt")
    made = made["pixel_values_images" if "pixel_values_images" in made else "pixel_values"]
    return made[0] if made.dim() == 5 else made


def prompt_ids(snapshot, prompt: str) -> torch.Tensor:
    """Of BLIP-2: [1,T], image tokens first."""
    processor = load_processor(str(snapshot))
    words = processor.tokenizer(prompt, return_tensors="pt")["input_ids"]
    image = processor.tokenizer.convert_tokens_to_ids(processor.image_token.content)
    return torch.cat([torch.full((1, processor.num_query_tokens), image), words], dim=1)


def make_inputs(snapshot, images, prompt: str):
    """What the model is given for one request: one picture, or a list of them."""
    images = images if isinstance(images, list) else [images]
    written = request_text(snapshot, prompt, len(images))
    return load_processor(str(snapshot))(images=images, text=written, return_tensors="pt")


def make_batch(snapshot, images: list, prompt: str):
    """For many requests in one: a picture each, all of one size."""
    written = [request_text(snapshot, prompt, 1)] * len(images)
    return load_processor(str(snapshot))(images=images, text=written, return_tensors="pt")


def request_text(snapshot, prompt: str, pictures: int) -> str:
    text = getattr(load_config(str(snapshot)), "text_config", None)
    language = getattr(text, "model_type", "")
    return way_of(str(snapshot)).text(load_processor(str(snapshot)), language, prompt, pictures)


def generate_reference(
    snapshot, images, prompt: str, max_new_tokens: int, min_new_tokens: int = 0, num_beams: int = 1
) -> list[list[int]]:
    """The new tokens for each picture, or list of pictures: with the end token, without what pads after it."""
    options = {"max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens, "num_beams": num_beams}
    return [ask_about(snapshot, image, prompt, **options).tokens[0] for image in images]


def reference_scores(
    snapshot, image, prompt: str, max_new_tokens: int, min_new_tokens: int = 0, num_beams: int = 2
) -> tuple[list[tuple[list[int], float]], float]:
    """All beams of one request with their scores, the best first; and the largest logit that went into them."""
    options = {"max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens, "num_beams": num_beams}
    said = ask_about(snapshot, image, prompt, num_return_sequences=num_beams, **options)
    return list(zip(said.tokens, said.scores)), said.largest


@dataclass(frozen=True)
class Said:
    tokens: list[list[int]]
    scores: list[float]  # of beams
    largest: float  # of all logits


def ask_about(snapshot, images, prompt: str, shake: int = 0, by: float = SHAKE, **options) -> Said:
    """One request of one picture, or a list of them."""
    inputs, model = make_inputs(snapshot, images, prompt), load_model(str(snapshot))
    shake_pixels(inputs, shake, by)
    if isinstance(images, list) and len(images) > 1 and options["num_beams"] > 1 and mixes_up(inputs):
        inputs = with_embeds(model, inputs)
    return say(model, inputs, **options)


def shake_pixels(inputs, shake: int, by: float = SHAKE) -> None:
    """Another number than 0 moves each pixel by about a rounding, each number in its own way."""
    if not shake:
        return
    generator = torch.Generator().manual_seed(shake)
    for name in ("pixel_values", "pixel_values_images", "pixel_values_videos"):
        if name in inputs:
            inputs[name] *= 1 + by * torch.randn(inputs[name].shape, generator=generator)


@torch.inference_mode()
def say(model, inputs, **options) -> Said:
    """What a model generates without sampling, computed on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        said = model.generate(
            **inputs, do_sample=False, return_dict_in_generate=True, output_scores=True, output_logits=True, **options
        )
    finally:
        torch.set_num_threads(threads)
    way, beams = WAYS[model.config.model_type], options["num_beams"] > 1
    before = way.before(model, inputs["input_ids"]) if "input_ids" in inputs else 0
    return Said(
        [trim(row[before:], end_tokens(model)) for row in said.sequences.tolist()],
        said.sequences_scores.tolist() if beams else [],
        max(float(logits.abs().max()) for logits in said.logits),
    )


def mixes_up(inputs) -> bool:
    """Whether the reference, left to itself, repeats each of several pictures for the beams before it gives them to the
    sequences, so that the beams see other pictures than the request has."""
    return "image_sizes" in inputs or "pixel_values_images" in inputs


def with_embeds(model, inputs) -> dict:
    """For beams over several pictures of a LLaVA."""
    words = model.get_input_embeddings()(inputs["input_ids"])
    given = [inputs[name] for name in ("pixel_values", "image_sizes", "pixel_values_images") if name in inputs]
    seen = torch.cat([*model.get_image_features(*given).pooler_output])
    places = (inputs["input_ids"] == model.config.image_token_index).unsqueeze(-1)
    return {"inputs_embeds": words.masked_scatter(places, seen), "attention_mask": inputs["attention_mask"]}


def end_tokens(model) -> list[int]:
    ends = WAYS[model.config.model_type].ends(model)
    return ends if isinstance(ends, list) else [ends]


def trim(tokens: list[int], ends: list[int]) -> list[int]:
    for place, token in enumerate(tokens):
        if token in ends:
            return tokens[: place + 1]
    return tokens


@torch.inference_mode()
def image_vector(snapshot, image) -> torch.Tensor:
    """Of CLIP: [W], of any length."""
    return load_model(str(snapshot)).get_image_features(pixel_values(snapshot, image)).pooler_output[0]


@torch.inference_mode()
def text_vectors(snapshot, texts: list[str]) -> torch.Tensor:
    """Of CLIP: [N,W], of any length; long texts are cut as the reference cuts them."""
    made = load_processor(str(snapshot)).tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
    return load_model(str(snapshot)).get_text_features(**made).pooler_output
