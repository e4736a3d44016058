"""A worker under test, ours or the SDK's, with the environment that the platform gives it and nothing else."""

import os
import sys

from places import BUILD, HERE, ROOT, WORKER
from processes import Program

POD = "pod-7x"
SDKS = {"1.12.0": sys.executable, "2.0.0rc2": str(BUILD / "sdk-next/bin/python")}  # version -> a Python that has it
INHERITED = ("PATH", "LD_LIBRARY_PATH", "LANG", "TMPDIR")  # no configuration of whoever runs the tests gets in


def environment(platform, home, changes):
    """A change of None removes the variable; a template is given without the endpoint's address."""
    env = {name: os.environ[name] for name in INHERITED if name in os.environ}
    env |= platform.worker_env(POD) | {"HOME": str(home), "VIGNETTE_CONCURRENCY": "1"}
    env["VIGNETTE_MODELS"] = str(ROOT / "models")
    for name, value in changes.items():
        if value is None:
            env.pop(name, None)
        else:
            env[name] = f"{platform.endpoint}/{value}" if name.startswith("RUNPOD_WEBHOOK_") else value
    return env


def start_ours(platform, home, changes):
    return Program(WORKER, environment(platform, home, changes), cwd=home)


def start_sdk(platform, home, changes, answers, version):
    env = environment(platform, home, {"ANSWERS": str(answers), **changes})
    return Program([SDKS[version], HERE / "sdk_worker.py"], env, cwd=home)
