"""A small Python twin of the C++ side: loads a bundle alike, serves sequences from slots, and searches with beams."""

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import torch
import torch.nn.functional as F
from safetensors.torch import load_file

from export.packs import fill_packs
from export.program import find_key

DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
NEVER = -1.0e9  # the reference's score of what must not be chosen


def read_manifest(bundle) -> dict:
    return json.loads((Path(bundle) / "manifest.json").read_text())


def load_program(bundle, edited: BinaryIO | None = None) -> torch.jit.ScriptModule:
    """The code, or an edited copy of it, with the bundle's weights assigned by name."""
    manifest = read_manifest(bundle)
    weights = manifest["weights"]
    tensors = {}
    for file in weights["files"]:
        tensors |= load_file(Path(bundle) / weights["folder"] / file["file"])
    program = torch.jit.load(edited or Path(bundle) / manifest["program"]["file"])
    for prefix, module in program.named_modules():
        for key, _ in list(module.named_parameters(recurse=False)):
            name = f"{prefix}.{key}" if prefix else key
            keep = manifest["dtype"] == "float16" and name.startswith(tuple(weights["float32"]))
            dtype = torch.float32 if keep else DTYPES[manifest["dtype"]]
            setattr(module, key, tensors[find_key(name, weights, tensors)].to(dtype))
    fill_packs(program, weights.get("packs", {}))
    assert not any(parameter.is_meta for parameter in program.parameters())
    return program


@dataclass(frozen=True, eq=False)
class Prompt:
    """A sequence of a program whose pictures stand on three axes. Elsewhere the embeds do by themselves."""

    embeds: torch.Tensor  # [T,E]
    places: torch.Tensor | None = None  # [3,T]
    ids: tuple[int, ...] = ()

    def size(self, dimension: int) -> int:
        return self.embeds.size(dimension)

    def __getitem__(self, part: slice) -> "Prompt":
        return Prompt(self.embeds[part], None if self.places is None else self.places[:, part], self.ids[part])

    @property
    def behind(self) -> int:
        """How many places less than tokens the prompt takes, as a number below zero."""
        return 0 if self.places is None else int(self.places.max()) + 1 - self.size(0)


def as_prompt(one: torch.Tensor | Prompt) -> Prompt:
    return one if isinstance(one, Prompt) else Prompt(one)


def penalised(scores: torch.Tensor, said: list[int], penalty: float) -> torch.Tensor:
    """Words that a prompt or a caption already has [V], made less likely."""
    words = torch.tensor(sorted(set(said)))
    chosen = scores[words]
    return scores.index_copy(0, words, torch.where(chosen < 0, chosen * penalty, chosen / penalty))


@dataclass(eq=False)  # an identity, not a value
class Request:
    embeds: torch.Tensor | Prompt
    joins_at: int = 0
    tokens: list[int] = field(default_factory=list)
    slot: int = -1

    @property
    def position(self) -> int:
        return self.embeds.size(0) + len(self.tokens) - 1


def draw_parts(length: int, rng: random.Random) -> list[int]:
    """What steps may read of one prompt: at least two parts, down to single tokens."""
    cuts = sorted(rng.sample(range(1, length), min(length - 1, rng.choice([1, 1, 2, 5]))))
    return [end - start for start, end in zip([0, *cuts], [*cuts, length])]


class SlotEngine:
    def __init__(self, bundle, program, slots: int) -> None:
        manifest = read_manifest(bundle)
        cache = manifest["cache"]
        shape = (cache["layers"], 2, slots + 1, cache["positions"], cache["heads"], cache["head_dim"])
        self.program = program
        self.slots = slots
        self.ends = manifest["text"]["eos"]
        self.penalty = manifest["generation"].get("repetition_penalty", 1.0)
        self.turns_alone = manifest["image"]["recipe"] != "fit"  # every token, by its position
        self.behind = [0] * (slots + 1)  # of each slot, Prompt.behind
        self.k_cache, self.v_cache = torch.zeros(shape, dtype=DTYPES[manifest["dtype"]]).unbind(1)

    def prefill(self, prompts: list[torch.Tensor | Prompt], slots: list[int]) -> torch.Tensor:
        prompts = [as_prompt(one) for one in prompts]
        lengths = [one.size(0) for one in prompts]
        padded = [torch.nn.utils.rnn.pad_sequence([one.embeds for one in prompts], batch_first=True)]
        if not self.turns_alone:
            longest = max(lengths)
            padded.append(torch.stack([F.pad(one.places, [0, longest - one.size(0)]) for one in prompts]))
            for one, slot in zip(prompts, slots):
                self.behind[slot] = one.behind
        return self.program.prefill(*padded, torch.tensor(slots), torch.tensor(lengths), self.k_cache, self.v_cache)

    def prefill_in_parts(self, prompt: torch.Tensor | Prompt, slot: int, parts: list[int]) -> torch.Tensor:
        prompt = as_prompt(prompt)
        logits, first = self.prefill([prompt[: parts[0]]], [slot]), parts[0]
        for count in parts[1:]:
            part = prompt[first : first + count]
            told = [part.embeds] if self.turns_alone else [part.embeds, part.places]
            logits = self.program.prefill_more(*told, slot, first, self.k_cache, self.v_cache)
            first += count
        assert first == prompt.size(0)
        self.behind[slot] = prompt.behind
        return logits

    def decode(self, tokens: list[int], positions: list[int], prompts: list[int], slots: list[int]) -> torch.Tensor:
        turns = [[position + self.behind[slot] for position, slot in zip(positions, slots)]]
        columns = (tokens, positions, *(turns if not self.turns_alone else []), prompts, slots)
        rows = (torch.tensor(numbers) for numbers in columns)
        return self.program.decode(*rows, self.k_cache, self.v_cache)

    def choose(self, logits: torch.Tensor, request: Request, least: int) -> int:
        if self.penalty != 1:
            logits = penalised(logits, [*request.embeds.ids, *request.tokens], self.penalty)
        if len(request.tokens) < least:
            logits = logits.index_fill(0, torch.tensor(self.ends), -float("inf"))
        return int(logits.argmax())

    def serve(self, requests: list[Request], most: int, least: int, rng: random.Random) -> list[list[int]]:
        """Continuous batching: slots in any order, rows shuffled in each step, joins in mid-flight."""
        free, running, waiting, step = list(range(self.slots)), [], list(requests), 0
        rng.shuffle(free)
        while waiting or running:
            joining = [request for request in waiting if request.joins_at <= step][: len(free)]
            for request in joining:
                request.slot = free.pop()
                waiting.remove(request)
            rng.shuffle(running)
            rows = []
            if joining:
                rows += self.prefill([one.embeds for one in joining], [one.slot for one in joining])
            if running:
                rows += self.decode(
                    [one.tokens[-1] for one in running],
                    [one.position for one in running],
                    [one.embeds.size(0) for one in running],
                    [one.slot for one in running],
                )
            for logits, request in zip(rows, joining + running):
                request.tokens.append(self.choose(logits, request, least))
            running += joining
            done = [one for one in running if one.tokens[-1] in self.ends or len(one.tokens) == most]
            free += [one.slot for one in done]
            running = [one for one in running if one not in done]
            step += 1
        return [request.tokens for request in requests]

    def search(self, embeds: torch.Tensor | Prompt, beams: int, most: int, least: int) -> list[tuple[list[int], float]]:
        """The reference's beam search for one sequence, length penalty 1, early stopping off. Best first."""
        prompt = embeds.size(0)
        logits = self.prefill([embeds], [0]).expand(beams, -1)
        for beam in range(1, beams):
            self.copy_slot(0, beam, prompt)
        running = [([], 0.0 if beam == 0 else NEVER) for beam in range(beams)]
        finished, improvable = [], True
        for length in range(1, most + 1):
            said = list(embeds.ids) if self.penalty != 1 else []
            candidates = self.candidates(logits, running, beams, length <= least, said)
            ended = [tokens[-1] in self.ends or length == most for _, tokens, _ in candidates]
            if improvable:  # only those among the first K count, even where others have to be skipped
                finished += [(t, float(s / length)) for (_, t, s), end in zip(candidates[:beams], ended) if end]
                finished = sorted(finished, key=lambda one: -one[1])[:beams]
            going = [candidate for candidate, end in zip(candidates, ended) if not end][:beams]
            if not going:
                break
            best = float(going[0][2] / length)
            worst = finished[-1][1] if len(finished) == beams else NEVER
            improvable = improvable and best > worst
            if not improvable:
                break
            running = [(tokens, float(score)) for _, tokens, score in going]
            self.move_beams([parent for parent, _, _ in going], prompt + length - 1)
            logits = self.decode(
                [tokens[-1] for tokens, _ in running],
                [prompt + length - 1] * beams,
                [prompt] * beams,
                list(range(beams)),
            )
        return finished

    def candidates(self, logits: torch.Tensor, running, beams: int, too_early: bool, said: list[int]):
        """The best continuations over all beams: (parent, tokens, float32 sum of log-probabilities)."""
        scores = torch.log_softmax(logits, -1)
        if self.penalty != 1:
            rows = zip(scores, running)
            scores = torch.stack([penalised(row, [*said, *tokens], self.penalty) for row, (tokens, _) in rows])
        if too_early:  # after log_softmax: what is left is not normalised again
            scores = scores.index_fill(1, torch.tensor(self.ends), -float("inf"))
        sums = scores + torch.tensor([score for _, score in running])[:, None]
        values, places = sums.flatten().topk(max(2, 1 + len(self.ends)) * beams)
        parents, tokens = (places // logits.size(1)).tolist(), (places % logits.size(1)).tolist()
        return [(p, running[p][0] + [t], value) for p, t, value in zip(parents, tokens, values)]

    def copy_slot(self, source: int, target: int, length: int) -> None:
        self.behind[target] = self.behind[source]
        for cache in (self.k_cache, self.v_cache):
            cache[:, target, :length] = cache[:, source, :length]

    def move_beams(self, parents: list[int], length: int) -> None:
        if parents == list(range(len(parents))):
            return
        for cache in (self.k_cache, self.v_cache):
            cache[:, : len(parents), :length] = cache[:, parents, :length]
