"""scripts/soak worker …: see --help."""

import argparse
import os
import sys
import time
from pathlib import Path

from . import at_each_stage, at_sigterm, memory, under_faults
from .worker_process import ROOT, command

EPILOG = """The last line of most is `lost L doubled D stuck S`; the exit code is 0 where all three are 0, every job has
ended as it should and the worker with 0. VIGNETTE_PROGRAM: another program than build/release/scripted/vignette."""


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__.split(":")[0], epilog=EPILOG)
    parser.add_argument("what", choices=["worker"])
    parser.add_argument("--seed", type=int, default=int(time.time()), help="draws the scripts, jobs and kills")
    parser.add_argument("--jobs", type=int, help="10000, with --rss 20000")
    parser.add_argument("--scripts", type=int, default=44, help="how many fault scripts are drawn (44)")
    parser.add_argument("--kills", type=int, default=0, help="so many kill -9, each followed by a new start")
    parser.add_argument("--stops", type=int, default=0, help="so many SIGTERM amid work, each followed by a new start")
    parser.add_argument("--lease", type=float, default=8, help="seconds without a ping until a job goes back (8)")
    parser.add_argument("--sigterm", action="store_true", help="SIGTERM with 50 jobs in flight instead")
    parser.add_argument("--stages", action="store_true", help="SIGTERM in each stage of a job instead")
    parser.add_argument("--rss", action="store_true", help="growth of the memory instead")
    parser.add_argument("--pictures", action="store_true", help="with --rss: the demo model, pictures of all sizes")
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "soak", help="for the log and the outbox")
    options = parser.parse_args()
    options.jobs = options.jobs or (20_000 if options.rss else 10_000)
    return options


def main():
    options = arguments()
    if options.pictures:
        os.environ.setdefault("VIGNETTE_PROGRAM", str(ROOT / "build" / "release" / "vignette"))
    program = Path(command()[0])
    if "/" in str(program) and not program.exists():
        sys.exit(f"there is no {program}: build it, or name another in VIGNETTE_PROGRAM")
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "worker.log").unlink(missing_ok=True)
    kind = at_sigterm if options.sigterm else memory if options.rss else under_faults
    if options.stages:
        kind = at_each_stage
    if options.pictures:
        from . import picture_memory as kind  # Pillow, which the others can do without
    print(f"the worker's log: {options.folder / 'worker.log'}", flush=True)
    return 0 if kind.run(options, options.folder) else 1


if __name__ == "__main__":
    sys.exit(main())
