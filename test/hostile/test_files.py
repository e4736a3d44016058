"""Files made to do harm, among a picture that must be described all the same."""

import json
import os
import subprocess

import pytest

from hostile.files import FILES
from program import PROGRAM, ROOT

GOOD = ROOT / "test/golden/images/lossy.webp"  # is opened in a decoder process


def captioned(files, *options, **environment):
    command = [PROGRAM, "caption", "--json", *options, *files]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("sandbox", ["on", "off"])
def test_each_costs_itself_and_nothing_else(tmp_path, sandbox):
    files = []
    for name, (content, _) in FILES.items():
        files.append(tmp_path / name)
        files[-1].write_bytes(content)
    done = captioned([*files, GOOD], VIGNETTE_SANDBOX=sandbox)
    assert done.returncode == 1, done.stderr
    *refused, good = map(json.loads, done.stdout.splitlines())
    assert good["caption"]
    assert [one["error"]["code"] for one in refused] == [FILES[file.name][1] for file in files]
    assert ("sandbox is off" in done.stderr) == (sandbox == "off")


def test_a_missing_decoder_is_named_with_the_remedy(tmp_path):
    alone = tmp_path / "vignette"
    alone.write_bytes(PROGRAM.read_bytes())
    alone.chmod(0o755)
    models = {**os.environ, "VIGNETTE_MODELS": str(ROOT / "models")}
    done = subprocess.run([alone, "caption", GOOD], env=models, capture_output=True, text=True)
    assert done.returncode != 0
    assert "vignette-decoder" in done.stderr and "VIGNETTE_SANDBOX=off" in done.stderr
