"""Node.js, and the packages of js/package-lock.json."""

import os
import subprocess
import sys
from pathlib import Path

JS = Path(__file__).parent / "js"


def with_node() -> dict:
    """The environment in which Node.js and npm are those of the tests' Python."""
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def package(name: str) -> Path:
    """Where it lies; all are installed if it is missing."""
    folder = JS / "node_modules" / name
    if not folder.is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=JS, env=with_node(), check=True, timeout=300)
    return folder
