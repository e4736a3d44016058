"""The reference: what transformers says about a picture, in float32, on one thread, one picture at a time."""

import os
from functools import lru_cache

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
from transformers import Blip2ForConditionalGeneration, Blip2Processor

MODELS_KEPT = 2


@lru_cache(MODELS_KEPT)
def load_processor(snapshot: str) -> Blip2Processor:
    return Blip2Processor.from_pretrained(snapshot, local_files_only=True)


@lru_cache(MODELS_KEPT)
def load_model(snapshot: str, dtype: torch.dtype = torch.float32) -> Blip2ForConditionalGeneration:
    return Blip2ForConditionalGeneration.from_pretrained(snapshot, local_files_only=True, dtype=dtype).eval()


def pixel_values(snapshot, image) -> torch.Tensor:
    """[1,3,H,W], as the reference's image processor makes them of a PIL image."""
    return load_processor(str(snapshot)).image_processor(image, return_tensors="pt")["pixel_values"]


def prompt_ids(snapshot, prompt: str) -> torch.Tensor:
    """[1,T], image tokens first."""
    processor = load_processor(str(snapshot))
    words = processor.tokenizer(prompt, return_tensors="pt")["input_ids"]
    image = processor.tokenizer.convert_tokens_to_ids(processor.image_token.content)
    return torch.cat([torch.full((1, processor.num_query_tokens), image), words], dim=1)


def generate_reference(
    snapshot, images, prompt: str, max_new_tokens: int, min_new_tokens: int = 0, num_beams: int = 1
) -> list[list[int]]:
    """The new tokens for each picture: with the end token, without what pads after it."""
    options = {"max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens, "num_beams": num_beams}
    return [_generate(snapshot, image, prompt, **options)[0][0] for image in images]


def reference_scores(
    snapshot, image, prompt: str, max_new_tokens: int, min_new_tokens: int = 0, num_beams: int = 2
) -> list[tuple[list[int], float]]:
    """All beams of one picture with their scores, the best first."""
    options = {"max_new_tokens": max_new_tokens, "min_new_tokens": min_new_tokens, "num_beams": num_beams}
    tokens, scores = _generate(snapshot, image, prompt, num_return_sequences=num_beams, **options)
    return list(zip(tokens, scores))


@torch.inference_mode()
def _generate(snapshot, image, prompt: str, **options) -> tuple[list[list[int]], list[float]]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        processor, model = load_processor(str(snapshot)), load_model(str(snapshot))
        inputs = processor(images=image, text=prompt, return_tensors="pt")
        said = model.generate(
            **inputs, do_sample=False, return_dict_in_generate=True, output_scores=True, **options
        )
    finally:
        torch.set_num_threads(threads)
    prompt_length = inputs["input_ids"].shape[1]
    scores = said.sequences_scores.tolist() if options["num_beams"] > 1 else []
    ends = end_tokens(model)
    return [trim(row[prompt_length:], ends) for row in said.sequences.tolist()], scores


def end_tokens(model) -> list[int]:
    """Those of the inner language model: the outer generation config has no effect in BLIP-2."""
    ends = model.language_model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def trim(tokens: list[int], ends: list[int]) -> list[int]:
    for place, token in enumerate(tokens):
        if token in ends:
            return tokens[: place + 1]
    return tokens
