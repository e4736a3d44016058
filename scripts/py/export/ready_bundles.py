"""Makes the ready bundles of all known checkpoints: program and manifest, no weights.

PYTHONHASHSEED=0 PYTHONPATH=scripts/py python3 -m export.ready_bundles FOLDER [ID...]
"""

import argparse
import multiprocessing
import os
import sys
from pathlib import Path

from export.checkpoints import folder_name, known_checkpoints


def make_one(source: str, folder: Path) -> None:
    import torch

    from export.ready import make_ready

    torch.set_num_threads(1)
    make_ready(source, folder / folder_name(source), None, None, print)


def main() -> int:
    parser = argparse.ArgumentParser(prog="export.ready_bundles", description="Makes the bundles of known checkpoints.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("sources", metavar="ID", nargs="*")
    arguments = parser.parse_args()
    if os.environ.get("PYTHONHASHSEED") != "0":
        parser.error("set PYTHONHASHSEED=0: TorchScript writes sets in their order")
    import export.families  # noqa: F401  once for all processes

    # A process each: TorchScript numbers a process's classes, and the numbers would be in the programs.
    fork, failed = multiprocessing.get_context("fork"), 0
    for source in arguments.sources or known_checkpoints():
        worker = fork.Process(target=make_one, args=(source, arguments.folder))
        worker.start()
        worker.join()
        failed += worker.exitcode != 0
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
