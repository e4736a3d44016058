"""How often a caption finds its scene first among 100, and a scene its caption.

python -m scenes.evaluate_clip --model models/demo-clip --rounds 50 --seed 31337
"""

import argparse
import random

import torch
from transformers import CLIPModel, CLIPProcessor

from scenes.draw import Scene, draw_scene

CHOICES = 100


def draw_different(rng: random.Random, count: int = CHOICES) -> list[Scene]:
    """Fresh scenes, no two of them with the same caption."""
    scenes: dict[str, Scene] = {}
    while len(scenes) < count:
        scene = draw_scene(rng)
        scenes.setdefault(scene.caption, scene)
    return list(scenes.values())


@torch.inference_mode()
def likeness(model, processor, scenes: list[Scene]) -> torch.Tensor:
    """Logits, [pictures, texts]."""
    inputs = processor(
        images=[scene.image for scene in scenes],
        text=[scene.caption for scene in scenes],
        padding=True,
        return_tensors="pt",
    )
    return model(**inputs).logits_per_image


def first(alike: torch.Tensor) -> list[int]:
    """For each row, the number of the likest column."""
    return alike.argmax(dim=1).tolist()


def first_shares(model, processor, rounds: list[list[Scene]]) -> tuple[float, float]:
    """The shares of texts that find their picture first, and of pictures that find their text first."""
    by_text = by_picture = total = 0
    for scenes in rounds:
        alike = likeness(model, processor, scenes)
        by_text += sum(choice == own for own, choice in enumerate(first(alike.T)))
        by_picture += sum(choice == own for own, choice in enumerate(first(alike)))
        total += len(scenes)
    return by_text / total, by_picture / total


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the demo CLIP.")
    parser.add_argument("--model", required=True, help="snapshot folder")
    parser.add_argument("--rounds", type=int, default=10, help=f"of {CHOICES} scenes each")
    parser.add_argument("--seed", type=int, default=31_337)
    args = parser.parse_args()

    torch.set_num_threads(1)
    model = CLIPModel.from_pretrained(args.model).eval()
    processor = CLIPProcessor.from_pretrained(args.model)
    rng = random.Random(args.seed)
    by_text, by_picture = first_shares(model, processor, [draw_different(rng) for _ in range(args.rounds)])
    print(f"first by text {by_text:.4f}, by picture {by_picture:.4f} ({args.rounds} x {CHOICES}, seed {args.seed})")


if __name__ == "__main__":
    main()
