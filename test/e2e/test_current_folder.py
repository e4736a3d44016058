"""What lies in the current folder may be a stranger's: it is used where it is named, and nowhere else."""

import os
import re
import shutil
import subprocess

from conftest import PROGRAM, ROOT, vignette

SCENE = ROOT / "test/events/scene-1.png"
ELSEWHERE = {"VIGNETTE_MODEL": "demo-blip2"}


def test_a_settings_file_is_used_where_it_is_named(tmp_path):
    (tmp_path / "vignette.toml").write_text('model = "from-the-file"\n')
    unnamed = vignette("doctor", cwd=tmp_path)
    assert "from-the-file" not in unnamed.stdout
    assert "vignette.toml of this folder is not used" in unnamed.stderr and "--config" in unnamed.stderr
    for named in (
        vignette("doctor", "--config", "vignette.toml", cwd=tmp_path),
        vignette("doctor", cwd=tmp_path, env={"VIGNETTE_CONFIG": "vignette.toml"}),
    ):
        assert "from-the-file" in named.stdout and named.stderr == ""


def test_models_are_used_where_they_are_named(tmp_path):
    shutil.copytree(ROOT / "models/demo-blip2", tmp_path / "models/theirs")
    shutil.copytree(ROOT / "models/demo-clip", tmp_path / "models/demo-blip2")
    shutil.copytree(ROOT / "models/demo-clip", tmp_path / "demo-blip2")
    assert f"demo-blip2 in {ROOT}" in vignette("doctor", cwd=tmp_path, env=ELSEWHERE).stdout
    assert "theirs" not in vignette("models", "list", cwd=tmp_path).stdout
    unnamed = vignette("caption", "--model", "theirs", SCENE, cwd=tmp_path)
    assert unnamed.code == 1 and "VIGNETTE_MODELS=models" in unnamed.stderr
    named = vignette("caption", "--model", "theirs", SCENE, cwd=tmp_path, env={"VIGNETTE_MODELS": "models"})
    assert named.code == 0 and ": three green stars" in named.stdout


def test_a_models_folder_that_is_not_there_is_told_once(tmp_path):
    outcome = vignette("caption", SCENE, env={"VIGNETTE_MODELS": f"/nope:{tmp_path}"})
    assert outcome.code == 0
    assert outcome.stderr.count("VIGNETTE_MODELS names /nope, which is not a folder") == 1
    assert str(tmp_path) not in outcome.stderr and len(outcome.stderr.splitlines()) == 1


def test_text_and_times_do_not_swallow_the_files_after_them():
    told = vignette("embed", "--text", "a red circle", os.fspath(SCENE)).stdout.splitlines()
    assert [line.split(",")[0] for line in told] == [f'{{"file":"{SCENE}"', '{"text":"a red circle"']


def needed_libraries():
    """The names that the three files of the program ask for, and the folders where they look."""
    files = [PROGRAM, PROGRAM.parent / "vignette-decoder", PROGRAM.parent / "libvignette-captioner.so"]
    told = subprocess.run(["readelf", "-d", *files], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", told)), re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", told)


STRANGE = """
#include <stdlib.h>
__attribute__((constructor)) static void leave(void) { _Exit(99); }
"""


def test_libraries_come_from_elsewhere(tmp_path):
    names, paths = needed_libraries()
    assert "libtorch_cpu.so" in names and any(name.startswith("libavformat.so") for name in names)
    strange = tmp_path / "strange.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", strange], input=STRANGE, text=True, check=True)
    names.add("libcuda.so.1")  # is looked for once more by others
    for folder in (".", "lib", "$", "libtorch/torch/lib"):
        (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for name in names:
            shutil.copy(strange, tmp_path / folder / name)
    for command in (["caption", "--model", "demo-blip2", SCENE], ["doctor"]):
        outcome = vignette(*command, cwd=tmp_path)
        assert outcome.code == 0, (outcome.code, outcome.stderr)
        assert ": three green stars" in outcome.stdout or "Ready" in outcome.stdout
    for path in ":".join(paths).split(":"):  # also where it would be looked at last
        assert path.startswith(("/", "$ORIGIN/"))
