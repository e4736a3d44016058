"""A card of the no-op CUDA runtime, and programs that run on it."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from program import PROGRAM, ROOT

RUNTIME = ROOT / "build/release/noop/libcuda.so.1"
PROBE = ROOT / "build/release/step_probe"
ONE = 0x3F800000  # 1.0 as a float32: what an embedder's vectors need, where a captioner's choices need zero


@dataclass(frozen=True)
class Card:
    mib: int = 81920
    sm: int = 80
    cards: int = 1
    taken_mib: int = 0  # of the first, by others

    def environment(self, report: Path | None = None, word: int = 0, lost_at: int = 0, full_at: int = 0, no_graphs=0):
        """What makes a program run on it. `report`: where it leaves what it asked of the card."""
        played = {"LD_PRELOAD": RUNTIME, "VIGNETTE_NOOP_MIB": self.mib, "VIGNETTE_NOOP_SM": self.sm}
        played |= {"VIGNETTE_NOOP_WORD": word, "VIGNETTE_NOOP_LOST_AT": lost_at}
        played |= {"VIGNETTE_NOOP_FULL_AT": full_at, "VIGNETTE_NOOP_CARDS": self.cards}
        played |= {"VIGNETTE_NOOP_TAKEN_MIB": self.taken_mib, "VIGNETTE_NOOP_NO_GRAPHS": no_graphs}
        if report:
            played["VIGNETTE_NOOP_REPORT"] = report
        return {name: str(value) for name, value in played.items()}

    def run(self, command: list, **played):
        """The finished process."""
        environment = os.environ | self.environment(**played)
        words = [str(word) for word in command]
        return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=300)

    def caption(self, bundle: Path, picture: Path, *options, **where):
        return self.run(
            [PROGRAM, "caption", "--json", "--device", "cuda", "--model", bundle, *options, picture], **where
        )

    def embed(self, bundle: Path, picture: Path, **where):
        return self.run([PROGRAM, "embed", "--device", "cuda", "--embedder", bundle, picture], word=ONE, **where)

    def doctor(self, bundle: Path):
        return self.run([PROGRAM, "doctor", "--device", "cuda", "--model", bundle])

    def count_phases(self, bundle: Path, *options, **played) -> dict[str, dict[str, int]]:
        """What each phase of a bundle asks of the card; see step_probe.cpp."""
        done = self.run([PROBE, bundle, *options], word=ONE if is_embedder(bundle) else 0, **played)
        if done.returncode:
            raise RuntimeError(f"step_probe {bundle.name}: {done.stderr}")
        return json.loads(done.stdout)

    def count_all(self, bundle: Path) -> dict[str, dict[str, int]]:
        """The same, and where there are decode steps, those that replay a graph."""
        replayed = {} if is_embedder(bundle) else self.count_phases(bundle, "--graphs")
        return self.count_phases(bundle) | replayed


def is_embedder(bundle: Path) -> bool:
    return json.loads((bundle / "manifest.json").read_text())["kind"] == "embedder"


# What the budgets are for: the largest card, and the first architecture that every family runs on.
BUDGET_CARD = Card()

CARDS = {  # memory as the driver reports it
    "16 GB": Card(mib=16376),
    "24 GB": Card(mib=24564),
    "48 GB": Card(mib=46068),
    "80 GB": Card(mib=81920),
    "sm_89": Card(sm=89),
    "sm_90": Card(sm=90),
}
TURING = Card(mib=15360, sm=75)
