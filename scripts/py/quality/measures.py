"""How far two computations of the same lessons are from one another."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch

from quality.lessons import Lesson

Scores = list[torch.Tensor]  # of each lesson, [positions, words]


@dataclass(frozen=True)
class Cost:
    error: float  # of scores, centred over the words: the difference's rms, as a part of the exact ones'
    agreement: float  # the share of positions whose best word is the same
    cosine: float | None = None  # of an embedder: the least between two vectors that should be one


def scores_of(lessons: Iterable[Lesson], compute: Callable) -> Scores:
    return [lesson.scores(compute) for lesson in lessons]


def vectors_of(lessons: Iterable[Lesson], compute: Callable) -> torch.Tensor | None:
    """None where the model is no embedder."""
    vectors = [lesson.vectors(compute) for lesson in lessons if not lesson.answer]
    return torch.cat(vectors) if vectors else None


def cost(found: Scores, exact: Scores, vectors: tuple[torch.Tensor | None, torch.Tensor | None] = (None, None)) -> Cost:
    lost = sum(float(centred(one - other).square().sum()) for one, other in zip(found, exact, strict=True))
    whole = sum(float(centred(one).square().sum()) for one in exact)
    same = sum(int((one.argmax(1) == other.argmax(1)).sum()) for one, other in zip(found, exact))
    ours, theirs = vectors
    cosine = None if ours is None else float(torch.nn.functional.cosine_similarity(ours, theirs).min())
    return Cost((lost / whole) ** 0.5, same / sum(len(one) for one in exact), cosine)


def centred(scores: torch.Tensor) -> torch.Tensor:
    return scores - scores.mean(1, keepdim=True)


def pooled(costs: list[Cost]) -> Cost:
    """Of several models: the error's rms, the mean agreement, the least cosine."""
    cosines = [one.cosine for one in costs if one.cosine is not None]
    return Cost(
        (sum(one.error**2 for one in costs) / len(costs)) ** 0.5,
        sum(one.agreement for one in costs) / len(costs),
        min(cosines, default=None),
    )


def rms(values: torch.Tensor) -> float:
    return float(values.double().square().mean().sqrt())
