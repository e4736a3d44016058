"""One program twice, as on the CPU and as on a GPU: fed alike, and compared after every call."""

from dataclasses import dataclass, field

import torch

from parity.rounding import apart, margin
from slot_engine import Prompt, SlotEngine


@dataclass(frozen=True)
class Allowed:
    apart: float  # of the logits, as a part of the largest
    margin: float  # of two words that may change places, in the same unit


@dataclass
class Sequence:
    prompt: int
    position: int
    word: int


@dataclass
class TwoEngines:
    """The words of the CPU's way are the next ones of both."""

    cpu: SlotEngine
    gpu: SlotEngine
    allowed: Allowed
    sequences: dict[int, Sequence] = field(default_factory=dict)  # by slot
    worst: float = 0.0
    written: dict[int, int] = field(default_factory=dict)  # the most rows that a slot may hold

    def __post_init__(self) -> None:
        """Every row of the caches holds what earlier captions may have left there: nobody may look at it."""
        for ours, other in self.caches():
            other.copy_(ours.normal_())
        self.left_behind = [ours.clone() for ours, _ in self.caches()]

    def caches(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        return [(self.cpu.k_cache, self.gpu.k_cache), (self.cpu.v_cache, self.gpu.v_cache)]

    def admit(self, prompts: dict[int, torch.Tensor | Prompt]) -> torch.Tensor:
        """Prompts by slot, read together."""
        slots, embeds = list(prompts), list(prompts.values())
        logits = self.compare(self.cpu.prefill(embeds, slots), self.gpu.prefill(embeds, slots))
        longest = max(one.size(0) for one in embeds)
        for slot, one, row in zip(slots, embeds, logits):
            self.sequences[slot] = Sequence(one.size(0), one.size(0), int(row.argmax()))
            self.written[slot] = max(self.written.get(slot, 0), longest + 1)
        return logits

    def admit_in_parts(self, slot: int, prompt: torch.Tensor | Prompt, parts: list[int]) -> None:
        """One prompt, read over several steps."""
        (row,) = self.compare(*(one.prefill_in_parts(prompt, slot, parts) for one in (self.cpu, self.gpu)))
        self.sequences[slot] = Sequence(prompt.size(0), prompt.size(0), int(row.argmax()))
        self.written[slot] = max(self.written.get(slot, 0), prompt.size(0))

    def step(self, slots: list[int]) -> torch.Tensor:
        """A word more for each of these, as rows in this order. A slot may come twice: as an idle row."""
        rows = [self.sequences[slot] for slot in slots]
        columns = ([getattr(row, name) for row in rows] for name in ("word", "position", "prompt"))
        told = (*columns, slots)
        logits = self.compare(self.cpu.decode(*told), self.gpu.decode(*told))
        for slot, row in zip(slots, logits):
            sequence = self.sequences[slot]
            self.written[slot] = max(self.written[slot], sequence.position + 1)
            sequence.word = int(row.argmax())
        for slot in set(slots):
            self.sequences[slot].position += 1
        return logits

    def copy(self, source: int, target: int) -> None:
        """A beam's child, in a slot of its own."""
        sequence = self.sequences[source]
        for engine in (self.cpu, self.gpu):
            engine.copy_slot(source, target, sequence.position)
        self.sequences[target] = Sequence(sequence.prompt, sequence.position, sequence.word)
        self.written[target] = max(self.written.get(target, 0), sequence.position)

    def compare(self, expected: torch.Tensor, found: torch.Tensor) -> torch.Tensor:
        assert found.dtype == torch.float32 and found.isfinite().all()
        self.worst = max(self.worst, apart(found, expected))
        assert self.worst <= self.allowed.apart
        for row, other in zip(expected, found):
            assert row.argmax() == other.argmax() or margin(row) <= self.allowed.margin
        return expected

    def nothing_else_was_written(self) -> bool:
        """Beyond what its sequences reached, a slot has what it had."""
        return all(
            torch.equal(cache[:, slot, reached:], before[:, slot, reached:])
            for caches, before in zip(self.caches(), self.left_behind)
            for cache in caches
            for slot in range(before.size(1))
            for reached in [self.written.get(slot, 0)]
        )
