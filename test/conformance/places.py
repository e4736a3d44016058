"""Where things lie."""

import os
import shlex
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = ROOT / "build"
WORKER = shlex.split(os.environ.get("VIGNETTE_WORKER", f"{BUILD}/release/scripted/vignette worker"))
