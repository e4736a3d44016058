"""Counts exact captions of a snapshot on fresh scenes, with Hugging Face's own generate().

python -m scenes.evaluate_blip2 --model models/demo-blip2 --scenes 1000 --seed 31337 --beams 3
"""

import argparse
import collections
import random

import torch
from transformers import Blip2ForConditionalGeneration, Blip2Processor

from scenes.draw import Scene, draw_scene
from scenes.models.blip2 import PROMPT

CAPTION_TOKENS_MAX = 40
CAPTION_TOKENS_MIN = 8
CHUNK = 100


def draw_scenes(count: int, seed: int) -> list[Scene]:
    rng = random.Random(seed)
    return [draw_scene(rng) for _ in range(count)]


@torch.inference_mode()
def caption_scenes(model, processor, scenes, prompt: str = PROMPT, beams: int = 1) -> list[str]:
    captions = []
    for start in range(0, len(scenes), CHUNK):
        images = [scene.image for scene in scenes[start : start + CHUNK]]
        inputs = processor(images=images, text=[prompt] * len(images), return_tensors="pt")
        ids = model.generate(
            **inputs,
            min_new_tokens=CAPTION_TOKENS_MIN,
            max_new_tokens=CAPTION_TOKENS_MAX,
            num_beams=beams,
            do_sample=False,
        )
        new_ids = ids[:, inputs["input_ids"].shape[1] :]
        texts = processor.tokenizer.batch_decode(new_ids, skip_special_tokens=True)
        captions += [text.strip() for text in texts]
    return captions


def exact_share(scenes: list[Scene], captions: list[str]) -> float:
    """The share of scenes whose whole caption is right."""
    return sum(scene.caption == said for scene, said in zip(scenes, captions)) / len(scenes)


def word_mistakes(scenes: list[Scene], captions: list[str]) -> collections.Counter:
    """Which words were said for which, position by position."""
    mistakes = collections.Counter()
    for scene, said in zip(scenes, captions):
        pairs = list(zip(scene.caption.split(), said.split()))
        mistakes.update(f"{right} -> {wrong}" for right, wrong in pairs if right != wrong)
    return mistakes


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the demo captioner.")
    parser.add_argument("--model", required=True, help="snapshot folder")
    parser.add_argument("--scenes", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=31_337)
    parser.add_argument("--beams", type=int, default=1)
    parser.add_argument("--prompt", default=PROMPT)
    args = parser.parse_args()

    torch.set_num_threads(1)
    model = Blip2ForConditionalGeneration.from_pretrained(args.model).eval()
    processor = Blip2Processor.from_pretrained(args.model)
    scenes = draw_scenes(args.scenes, args.seed)
    captions = caption_scenes(model, processor, scenes, args.prompt, args.beams)
    exact = round(exact_share(scenes, captions) * args.scenes)
    settings = f"seed {args.seed}, beams {args.beams}, prompt {args.prompt!r}"
    print(f"{exact} of {args.scenes} captions exact ({settings})")
    for mistake, times in word_mistakes(scenes, captions).most_common(8):
        print(f"  {times:4d}  {mistake}")


if __name__ == "__main__":
    main()
