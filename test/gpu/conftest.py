import random

import pytest

from scenes.draw import draw_scene
from true_bundles import make_true_bundle


@pytest.fixture(scope="session")
def bundle_of(tmp_path_factory):
    """The bundle of a family in true size, made when it is first asked for."""
    parent, made = tmp_path_factory.mktemp("true"), {}

    def find(family):
        if family not in made:
            made[family] = make_true_bundle(family, parent)
        return made[family]

    return find


@pytest.fixture(scope="session")
def picture(tmp_path_factory):
    file = tmp_path_factory.mktemp("pictures") / "scene.png"
    draw_scene(random.Random(1)).image.resize((640, 480)).save(file)
    return file
