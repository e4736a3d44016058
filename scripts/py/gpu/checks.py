"""What scripts/bench-gpu asks of torch alone: attention over slots, a captured decode step, the way to the device."""

import functools
import json
import mmap
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import torch
import torch.nn.functional as F

from export.packs import fill_packs
from export.program import find_key


@dataclass
class Lab:
    """Where the sections work."""

    folder: Path  # for files, removed at the end
    dry: bool = False  # on the CPU with tiny shapes
    rounds: int = 3

    @property
    def device(self):
        return "cpu" if self.dry else "cuda"

    @property
    def dtype(self):
        return torch.float32 if self.dry else torch.float16

    def wait(self):
        if not self.dry:
            torch.cuda.synchronize()

    def seconds(self, call, times=1):
        """Of one call, when `times` of them follow one another."""
        self.wait()
        start = time.perf_counter()
        for _ in range(times):
            call()
        self.wait()
        return (time.perf_counter() - start) / times

    @functools.cached_property
    def read_rate(self):
        """Bytes a second that the card reads when it does what a step does: a matrix by a vector."""
        rows = 1024 if self.dry else 1 << 18
        matrix = torch.ones(rows, 8192, dtype=self.dtype, device=self.device)
        vector = torch.ones(8192, dtype=self.dtype, device=self.device)
        seconds = [self.seconds(lambda: torch.mv(matrix, vector), 4) for _ in range(5)]
        return matrix.numel() * matrix.element_size() / min(seconds[1:])


@dataclass
class Finding:
    line: str
    ok: bool = True
    notes: list[str] = field(default_factory=list)  # lines of markdown: tables and what was left out


# a. Attention over slots ------------------------------------------------------------------------------------------

# Both kinds of attention are compared with float64. Flash may be twice as far from it as SDPA, or this far.
ERROR_MAX = {torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}
UNWRITTEN = 7e3  # in the rows of the cache that nobody may look at: large, and finite


def check_flash(lab):
    """aten::_flash_attention_forward over slots, with seqused_k, equals SDPA: slots repeated and in any order,
    ragged lengths, grouped queries. By the exporter's own attend_slots."""
    heads_of = [(8, 8), (8, 2), (32, 8)]
    dtypes = [torch.float32] if lab.dry else [torch.float16, torch.bfloat16]
    rng, worst, bad = random.Random(1), 0.0, []
    cases = [(d, h, t, rows) for d in (64, 80, 128) for h in heads_of for t in dtypes for rows in (1, 3, 17)]
    for head_dim, heads, dtype, rows in cases:
        flash, sdpa = attention_errors(lab, rng, head_dim, heads, dtype, rows)
        allowed = max(2 * sdpa, ERROR_MAX[dtype])
        worst = max(worst, flash / allowed)
        if not flash <= allowed:  # also when it is not a number
            bad.append(f"| {head_dim} | {heads[0]}/{heads[1]} | {dtype} | {rows} | {flash:.2g} | {sdpa:.2g} |")
    notes = ["Dry run: flash is for float16 on a GPU; the SDPA side was checked.", ""] * lab.dry
    if bad:
        notes += ["| head_dim | heads | dtype | rows | flash's error | SDPA's |", "|---|---|---|---|---|---|", *bad]
    side = "SDPA over slots" if lab.dry else "flash over slots"
    line = f"{side}: {len(cases) - len(bad)} of {len(cases)} cases right, the worst at {worst:.2f} of what is allowed"
    return Finding(line, not bad, notes)


def attention_errors(lab, rng, head_dim, heads, dtype, rows):
    from export.parts.blocks import attend_slots, plan_step

    slots_count, capacity, scale = rows + 3, 200, head_dim**-0.5
    slots = [rng.randrange(slots_count) for _ in range(rows)]
    lengths = [rng.choice([1, rng.randint(1, capacity), capacity]) for _ in range(rows)]
    if rows > 2:
        slots[2], slots[1] = slots[0], (slots[0] - 1) % slots_count  # one twice, and not in order
    generator = torch.Generator(lab.device).manual_seed(rng.randrange(2**31))
    options = {"device": lab.device, "dtype": dtype, "generator": generator}
    q = torch.randn(rows, heads[0], head_dim, **options)
    keys, values = (torch.randn(slots_count, capacity, heads[1], head_dim, **options) for _ in range(2))
    for slot in range(slots_count):
        used = max([length for own, length in zip(slots, lengths) if own == slot], default=0)
        keys[slot, used:], values[slot, used:] = UNWRITTEN, UNWRITTEN
    at, ends = (torch.tensor(numbers, device=lab.device) for numbers in (slots, lengths))
    plan = plan_step(ends - 1, at, -1, keys.unsqueeze(0))  # -1: the slots are no range
    seen = attend_slots(q, keys, values, plan, scale).view_as(q)
    exact = attend_exactly(q, keys, values, slots, lengths, scale)
    mask = torch.arange(capacity, device=lab.device) < ends[:, None, None, None]
    by_sdpa = F.scaled_dot_product_attention(
        q.unsqueeze(2), keys[at].transpose(1, 2), values[at].transpose(1, 2), mask, scale=scale, enable_gqa=True
    ).squeeze(2)
    return error(seen, exact), error(by_sdpa, exact)


def attend_exactly(q, keys, values, slots, lengths, scale):
    group, rows = q.size(1) // keys.size(2), []
    for row, (slot, length) in enumerate(zip(slots, lengths)):
        k, v = (cache[slot, :length].double().repeat_interleave(group, dim=1) for cache in (keys, values))
        weights = (torch.einsum("hd,thd->ht", q[row].double(), k) * scale).softmax(-1)
        rows.append(torch.einsum("ht,thd->hd", weights, v))
    return torch.stack(rows)


def error(found, exact):
    return float((found.double() - exact).norm() / exact.norm())


# b. A captured decode step ----------------------------------------------------------------------------------------


GRAPH_ROWS = (1, 2, 4, 8, 16, 24, 32, 48, 64, 96)  # as in src/model/graph


def load_bundle(bundle, device):
    """The bundle's program with its weights, as the C++ side puts them together."""
    from safetensors.torch import load_file

    torch._C._jit_set_profiling_mode(False)
    torch._C._jit_set_texpr_fuser_enabled(False)
    manifest = json.loads((bundle / "manifest.json").read_text())
    weights = manifest["weights"]
    found = {}
    for file in weights["files"]:
        found |= load_file(bundle / weights["folder"] / file["file"])
    module = torch.jit.load(str(bundle / manifest["program"]["file"]))

    def put(part, prefix):
        for name, _ in list(part.named_parameters(recurse=False)):
            full = prefix + name
            keep = full.startswith(tuple(weights["float32"])) and manifest["dtype"] == "float16"
            dtype = torch.float32 if keep else getattr(torch, manifest["dtype"])
            value = found[find_key(full, weights, found)].to(device, dtype)
            part._c.setattr(name, value)
        for name, child in part.named_children():
            put(child, f"{prefix}{name}.")

    put(module, "")
    fill_packs(module, weights.get("packs", {}))
    return module, manifest


class Step:
    """One decode step in mixed slots, with inputs that stay where they are: what a graph needs."""

    def __init__(self, module, manifest, lab, rows):
        cache, generator = manifest["cache"], torch.Generator(lab.device).manual_seed(2)
        shape = (cache["layers"], rows + 2, cache["positions"], cache["heads"], cache["head_dim"])
        options = {"device": lab.device, "dtype": lab.dtype, "generator": generator}
        self.keys, self.values = (torch.randn(shape, **options) * 0.5 for _ in range(2))
        rng = random.Random(rows)
        prompts = [rng.randint(5, 17) for _ in range(rows)]
        places = [prompt + rng.randint(0, 14) for prompt in prompts]
        columns = rng.sample(range(rows + 2), rows), places, prompts, [rng.randint(5, 99) for _ in range(rows)]
        made = [torch.tensor(column, device=lab.device) for column in columns]
        self.slots, self.positions, self.prompts, self.tokens = made
        self.module = module

    def __call__(self):
        return self.module.decode(self.tokens, self.positions, self.prompts, self.slots, self.keys, self.values)

    def state(self):
        return [part.clone() for part in (self.keys, self.values, self.positions, self.tokens)]

    def restore(self, state):
        for part, kept in zip((self.keys, self.values, self.positions, self.tokens), state):
            part.copy_(kept)

    def run(self, decode, count):
        """`count` steps, each with the words that the one before it chose; the logits of all."""
        logits = []
        for _ in range(count):
            logits.append(decode().clone())
            self.tokens.copy_(logits[-1].argmax(-1))
            self.positions.add_(1)
        return torch.stack(logits)


@torch.inference_mode()
def check_graph(lab):
    """decode of an exported tiny program, captured in a CUDA graph of each size: does a replay equal an eager call,
    and how long is each?"""
    from big_models.blip2 import export
    from tiny_models import make_blip2

    snapshot = make_blip2(lab.folder / "graph-snapshot", seed=3)
    export(snapshot, lab.folder / "graph-bundle", "--dtype", str(lab.dtype).removeprefix("torch."))
    loaded = load_bundle(lab.folder / "graph-bundle", lab.device)
    return worst_of({rows: capture_step(lab, Step(*loaded, lab, rows)) for rows in GRAPH_ROWS})


def worst_of(findings):
    wrong = [rows for rows, finding in findings.items() if not finding.ok]
    said = f"in {len(findings) - len(wrong)} of {len(findings)} sizes a replay says what an eager step says"
    rows = [f"| {rows} | {finding.line} |" for rows, finding in findings.items()]
    notes = next(iter(findings.values())).notes
    return Finding(said, not wrong, [*notes, "", "| rows | |", "|---|---|", *rows])


def capture_step(lab, step):
    start = step.state()
    for _ in range(5):  # compiles, and makes the handles that must not be made during the capture
        step()
    step.restore(start)
    expected = step.run(step, 8)
    eager = lab.seconds(step, 20 if lab.dry else 200)
    if lab.dry:
        step.restore(start)
        same = torch.equal(step.run(step, 8), expected)
        line = f"decode eager: {eager * 1e6:.0f} us a step, and the same again: {'yes' if same else 'NO'}"
        return Finding(line, same, ["Dry run: a CUDA graph needs a GPU; nothing was captured."])
    return compare_replay(lab, step, start, expected, eager)


def compare_replay(lab, step, start, expected, eager):
    graph, side = torch.cuda.CUDAGraph(), torch.cuda.Stream()
    side.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(side):
        for _ in range(3):
            step()
    torch.cuda.current_stream().wait_stream(side)
    with torch.cuda.graph(graph):
        logits = step()

    def replay():
        graph.replay()
        return logits

    step.restore(start)
    found = step.run(replay, 8)
    difference = float((found - expected).abs().max())
    allowed = 1e-3 * float(expected.abs().max())
    replayed = lab.seconds(replay, 200)
    line = (
        f"captured decode: {'bit-equal to eager' if difference == 0 else f'differs by {difference:.2g} from eager'}; "
        f"{eager * 1e6:.0f} us a step eager, {replayed * 1e6:.0f} us replayed ({eager / replayed:.1f}x)"
    )
    return Finding(line, difference <= allowed)


# c. The way to the device -----------------------------------------------------------------------------------------

RING, BUFFER = 3, 64 << 20


def check_upload(lab):
    """A mapped file to the device: as one plain copy, through a ring of pinned buffers, and from pinned memory."""
    size = (8 if lab.dry else 4096) << 20
    file = lab.folder / "upload.bin"
    block = random.Random(4).randbytes(1 << 20)
    with file.open("wb") as out:
        for _ in range(size >> 20):
            out.write(block)
    with file.open("r+b") as opened:
        source = torch.frombuffer(mmap.mmap(opened.fileno(), size, access=mmap.ACCESS_COPY), dtype=torch.uint8)
    target = torch.empty(size, dtype=torch.uint8, device=lab.device)
    ways = {
        "plain copy": lambda: target.copy_(source),
        f"ring of {RING} pinned buffers": Ring(lab, min(BUFFER, size // 4)).upload(source, target),
    }
    if not lab.dry:
        pinned = source.pin_memory()
        ways["from pinned memory"] = lambda: target.copy_(pinned)
    rates, right = {}, True
    for name, way in ways.items():
        way()  # once for the page cache
        target.zero_()
        rates[name] = size / statistics.median(lab.seconds(way) for _ in range(lab.rounds)) / 1e9
        right &= torch.equal(target[:: 1 << 16].cpu(), source[:: 1 << 16]) and torch.equal(
            target[-(1 << 20) :].cpu(), source[-(1 << 20) :]
        )
    file.unlink()
    line = "upload: " + ", ".join(f"{name} {rate:.1f} GB/s" for name, rate in rates.items())
    other = torch.empty_like(target)
    copied = 2 * size / statistics.median(lab.seconds(lambda: other.copy_(target), 4) for _ in range(lab.rounds)) / 1e9
    line += (
        f"; on the device {copied:.0f} GB/s are copied (read and written) and {lab.read_rate / 1e9:.0f} GB/s are read"
    )
    notes = ["Dry run: to ordinary memory, nothing is pinned; the rates say nothing."] * lab.dry
    return Finding(line + ("" if right else "; the bytes are NOT those of the file"), right, notes)


class Ring:
    def __init__(self, lab, size):
        self.lab, self.size = lab, size
        self.buffers = [torch.empty(size, dtype=torch.uint8, pin_memory=not lab.dry) for _ in range(RING)]

    def upload(self, source, target):
        return lambda: self._dry(source, target) if self.lab.dry else self._send(source, target)

    def _dry(self, source, target):
        for number, start in enumerate(range(0, source.numel(), self.size)):
            part = source[start : start + self.size]
            buffer = self.buffers[number % RING][: part.numel()]
            buffer.copy_(part)
            target[start : start + self.size].copy_(buffer)

    def _send(self, source, target):
        stream, sent = torch.cuda.Stream(), [None] * RING
        stream.wait_stream(torch.cuda.current_stream())
        for number, start in enumerate(range(0, source.numel(), self.size)):
            place = number % RING
            if sent[place] is not None:
                sent[place].synchronize()
            part = source[start : start + self.size]
            buffer = self.buffers[place][: part.numel()]
            buffer.copy_(part)
            with torch.cuda.stream(stream):
                target[start : start + self.size].copy_(buffer, non_blocking=True)
                sent[place] = stream.record_event()
        torch.cuda.current_stream().wait_stream(stream)
