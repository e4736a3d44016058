"""Checks and times on an NVIDIA GPU. Never run on one so far: only its dry run, on a CPU, is tested.

Each section stands by itself, prints one line, and is written to build/bench-gpu/report.md; at the end the report takes
the place of the last one in docs/benchmarks.md. With --dry-run all of it runs on the CPU with tiny shapes: a test of
this script, not of anything else.
"""

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

from program import PROGRAM, ROOT

SECTIONS = {  # letter: (name, module, function)
    "a": ("flash", "gpu.checks", "check_flash"),
    "b": ("graph", "gpu.checks", "check_graph"),
    "c": ("upload", "gpu.checks", "check_upload"),
    "d": ("tokens", "gpu.tokens", "check_tokens"),
    "e": ("true-size", "gpu.true_size", "check_true_size"),
    "f": ("true-llava", "gpu.true_size", "check_true_llava"),
    "g": ("true-clip", "gpu.vectors", "check_true_clip"),
    "h": ("lost", "gpu.lost", "check_lost"),  # last: who knows what the card is like afterwards
}

PLAYED = "No-op card"  # how the card of test/gpu/noop begins its name


def find_section(name_or_letter):
    for letter, (name, *_) in SECTIONS.items():
        if name_or_letter in (letter, name):
            return letter
    names = ", ".join(f"{letter} or {name}" for letter, (name, *_) in SECTIONS.items())
    raise argparse.ArgumentTypeError(f"there is no section {name_or_letter}; the sections are: {names}")


def run_section(letter, lab):
    """Whatever goes wrong in one section, the others still run."""
    from gpu.checks import Finding

    _, module, function = SECTIONS[letter]
    try:
        return getattr(import_module(module), function)(lab)
    except (Exception, SystemExit) as failure:
        reason = str(failure).strip().splitlines() or [type(failure).__name__]
        return Finding(f"FAILED: {type(failure).__name__}: {reason[0]}", False, ["```", str(failure)[-2000:], "```"])


def machine(lab):
    import torch
    import transformers

    where = f"CPU only ({platform.machine()})"
    if not lab.dry:
        properties = torch.cuda.get_device_properties(0)
        where = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, sm_{properties.major}{properties.minor}"
        where += f", driver {driver()}"
    return f"{where}; torch {torch.__version__}, transformers {transformers.__version__}; {PROGRAM}"


def driver():
    asked = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        return subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout.split()[0]
    except (OSError, IndexError, subprocess.TimeoutExpired):
        return "unknown"


BEGIN, END = "<!-- what scripts/bench-gpu writes -->", "<!-- until here -->"


def write_docs(docs, report):
    """The report between the two marks of docs/benchmarks.md, its headings two levels lower."""
    before, _, rest = docs.read_text().partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{docs} has no place for the report: {BEGIN} and {END}")
    lower = "".join(f"##{line}" if line.startswith("#") else line for line in report.splitlines(keepends=True))
    docs.write_text(f"{before}{BEGIN}\n{lower}{END}{after}")


class Report:
    def __init__(self, file, lab):
        self.file = file
        title = "Dry run on a CPU: says nothing about a GPU" if lab.dry else "Measured on a GPU"
        command = " ".join(["scripts/bench-gpu", *sys.argv[1:]])
        today = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
        self.text = f"# {title}\n\n{today}, {machine(lab)}\n\n`{command}`, {lab.rounds} rounds\n"

    def add(self, letter, finding, seconds):
        name, module, function = SECTIONS[letter]
        what = " ".join(getattr(import_module(module), function).__doc__.split())
        state = "ok" if finding.ok else "NOT OK"
        self.text += f"\n## {letter}. {name}: {state}\n\n{what}\n\n**{finding.line}** ({seconds:.0f} s)\n"
        if finding.notes:
            self.text += "\n" + "\n".join(finding.notes) + "\n"
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self.text)  # after each section, so that what is known survives a broken-off run
        print(f"{letter} {name}: {finding.line}", flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench-gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="SECTION,…", default=",".join(SECTIONS), help="letters or names")
    parser.add_argument("--rounds", type=int, default=3, help="turns of the two sides (default: %(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="on the CPU, with tiny shapes")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench-gpu/report.md")
    arguments = parser.parse_args()
    try:
        arguments.sections = [find_section(name_or_letter) for name_or_letter in arguments.only.split(",")]
    except argparse.ArgumentTypeError as problem:
        parser.error(str(problem))
    return arguments


def main():
    arguments = parse_arguments()
    import torch

    from gpu.checks import Lab

    if not arguments.dry_run and not torch.cuda.is_available():
        print("bench-gpu: torch sees no GPU here; --dry-run tests this script on the CPU", file=sys.stderr)
        return 2
    if not arguments.dry_run and torch.cuda.get_device_name(0).startswith(PLAYED):
        print("bench-gpu: this is the no-op CUDA runtime of test/gpu: nothing on it is measured", file=sys.stderr)
        return 2
    if arguments.dry_run:
        torch.set_num_threads(1)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder), dry=arguments.dry_run, rounds=1 if arguments.dry_run else max(1, arguments.rounds))
        report = Report(arguments.out, lab)
        for letter in arguments.sections:
            start = time.monotonic()
            finding = run_section(letter, lab)
            report.add(letter, finding, time.monotonic() - start)
            failed += not finding.ok
            if not lab.dry:
                torch.cuda.empty_cache()  # the next section's program is a process of its own
    docs = ROOT / "docs/benchmarks.md"
    if not arguments.dry_run and docs.exists():  # a packed program comes without
        write_docs(docs, report.text)
    print(f"report: {arguments.out}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
