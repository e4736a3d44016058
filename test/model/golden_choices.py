"""What transformers' logits processors make of random logits, many of them with equal numbers.

sample.N       logits [V]; sample.rules.N: temperature, top_k, top_p, min_p; sample.likely.N: the probabilities of what
               remains, 0 for the rest
single.N       logits [V]; single.said.N: ids, each once; single.forbidden.N; single.penalty.N; single.token.N: argmax
beams.N        logits [B,V]; beams.scores.N [B]; beams.said.N [B,T]; beams.forbidden.N; beams.penalty.N;
               beams.best.N: the 2B best scores, beams.places.N: their places among B*V
"""

import torch
from safetensors.torch import save_file
from transformers.generation.logits_process import (
    MinPLogitsWarper,
    NoBadWordsLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

CASES, VOCABULARY, BEAMS, SAID = 200, 211, 3, 9
NEVER_ENDS = torch.tensor([VOCABULARY + 1])


def draw_logits(random: torch.Generator, number: int, rows: int) -> torch.Tensor:
    logits = 3 * torch.randn(rows, VOCABULARY, generator=random)
    steps = [0, 0, 8, 2, 1][number % 5]  # of a half, so that many are equal; 0: as they are
    return (logits * steps).round() / steps if steps else logits


def pick(random: torch.Generator, values: list):
    return values[int(torch.randint(len(values), (1,), generator=random))]


def sample_case(random: torch.Generator, number: int) -> dict:
    logits = draw_logits(random, number, 1)
    temperature, top_k = pick(random, [1.0, 0.7, 1.5, 0.05]), pick(random, [0, 1, 5, 50, 1000])
    top_p, min_p = pick(random, [1.0, 0.9, 0.5, 0.1]), pick(random, [0.0, 0.05, 0.3])
    scores = logits
    if temperature != 1.0:
        scores = TemperatureLogitsWarper(temperature)(None, scores)
    if top_k:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    if min_p:
        scores = MinPLogitsWarper(min_p)(None, scores)
    rules = torch.tensor([temperature, float(top_k), top_p, min_p], dtype=torch.float64)
    return {"": logits[0], "rules": rules, "likely": scores.softmax(-1)[0]}


def processed(scores: torch.Tensor, said: torch.Tensor, forbidden: torch.Tensor, penalty: float) -> torch.Tensor:
    if penalty != 1:
        scores = RepetitionPenaltyLogitsProcessor(penalty)(said, scores)
    return NoBadWordsLogitsProcessor([[int(token)] for token in forbidden], NEVER_ENDS)(said, scores)


def draw_rules(random: torch.Generator) -> tuple[torch.Tensor, float]:
    forbidden = torch.randperm(VOCABULARY, generator=random)[: pick(random, [1, 2, 20])]
    return forbidden, pick(random, [1.0, 1.2, 0.8, 2.5])


def draw_said(random: torch.Generator, logits: torch.Tensor) -> torch.Tensor:
    """For each row the likeliest token and others, each once."""
    rows = []
    for first in logits.argmax(-1):
        others = torch.randperm(VOCABULARY, generator=random)
        rows.append(torch.cat([first[None], others[others != first][: SAID - 1]]))
    return torch.stack(rows)


def single_case(random: torch.Generator, number: int) -> dict:
    logits = draw_logits(random, number, 1)
    said = draw_said(random, logits)[0]
    forbidden, penalty = draw_rules(random)
    token = processed(logits, said[None], forbidden, penalty).argmax(-1)
    return {"": logits[0], "said": said, "forbidden": forbidden, "penalty": torch.tensor([penalty]), "token": token}


def beams_case(random: torch.Generator, number: int) -> dict:
    logits, scores = draw_logits(random, number, BEAMS), -5 * torch.rand(BEAMS, generator=random)
    said = draw_said(random, logits)
    forbidden, penalty = draw_rules(random)
    likely = processed(logits.log_softmax(-1), said, forbidden, penalty) + scores[:, None]
    best, places = likely.view(-1).topk(2 * BEAMS)
    made = {"": logits, "scores": scores, "said": said, "forbidden": forbidden}
    return made | {"penalty": torch.tensor([penalty]), "best": best, "places": places}


def write(file) -> None:
    random = torch.Generator().manual_seed(5)
    tensors = {}
    for kind, case in {"sample": sample_case, "single": single_case, "beams": beams_case}.items():
        for number in range(CASES):
            for name, tensor in case(random, number).items():
                tensors[f"{kind}.{name}.{number}" if name else f"{kind}.{number}"] = tensor.contiguous()
    save_file(tensors, file)
