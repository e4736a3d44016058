"""The check for import circles: it sees them through functions, packages and relative names, and nothing else."""

import itertools

import pytest

from house.imports import python_import_circles

FILES = {
    "two modules": {"scripts/py/a.py": "import b", "scripts/py/b.py": "def late():\n    from a import name"},
    "three in a package": {
        "test/p/__init__.py": "",
        "test/p/a.py": "from . import b",
        "test/p/b.py": "from .c import name",
        "test/p/c.py": "import p.a",
    },
    "a package and its module": {"scripts/py/p/__init__.py": "from p.a import name", "scripts/py/p/a.py": "import p"},
}
LINES = {
    "two modules": "scripts/py/a.py -> scripts/py/b.py -> scripts/py/a.py",
    "three in a package": "test/p/a.py -> test/p/b.py -> test/p/c.py -> test/p/a.py",
    "a package and its module": "scripts/py/p/__init__.py -> scripts/py/p/a.py -> scripts/py/p/__init__.py",
}


def write(root, files):
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def steps(line):
    """The arrows of a circle, wherever the line begins."""
    names = line.split(" -> ")
    assert names[0] == names[-1]
    return set(itertools.pairwise(names))


@pytest.mark.parametrize("case", FILES)
def test_a_circle_is_found(case, tmp_path):
    write(tmp_path, FILES[case])
    (found,) = python_import_circles(tmp_path)
    assert steps(found) == steps(LINES[case])


def test_every_circle_is_found(tmp_path):
    both = FILES["two modules"] | FILES["three in a package"]
    write(tmp_path, both)
    assert len(python_import_circles(tmp_path)) == 2


def test_a_shared_module_is_no_circle(tmp_path):
    write(tmp_path, {"scripts/py/a.py": "import b, c", "scripts/py/b.py": "import c, os", "scripts/py/c.py": ""})
    assert python_import_circles(tmp_path) == []


def test_files_of_one_name_in_two_folders_are_not_mixed_up(tmp_path):
    write(tmp_path, {f"test/{one}/conftest.py": "import helper" for one in ("x", "y")})
    write(tmp_path, {"test/x/helper.py": "", "test/y/helper.py": ""})
    assert python_import_circles(tmp_path) == []
