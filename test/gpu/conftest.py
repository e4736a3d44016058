import random
import shutil
import tempfile
from pathlib import Path

import pytest

from scenes.draw import draw_scene
from true_bundles import make_true_bundle


@pytest.fixture(scope="session")
def bundle_of():
    """The bundle of a family in true size, made when it is first asked for. In a tmpfs where there is one: to read the
    hole costs no page there, on a disk gigabytes of the page cache for each start."""
    made, memory = {}, Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 1e9
    with tempfile.TemporaryDirectory(prefix="vignette-", dir=memory if roomy else None) as parent:

        def find(family):
            if family not in made:
                made[family] = make_true_bundle(family, Path(parent))
            return made[family]

        yield find


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "scene.png"
    draw_scene(random.Random(1)).image.resize((640, 480)).save(file)
    return file
