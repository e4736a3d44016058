"""scripts/tidy.py: each rule about the house, shown to fail on a small tree that breaks it."""

import subprocess
import sys
from pathlib import Path

import pytest

from house.callers import uncalled
from house.paths import FILES_MAX, full_folders, missing_paths, tracked
from house.rooms import arrow_problems, include_circles

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def tree(tmp_path):
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            file = tmp_path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return tmp_path

    return write


def run_tidy(root: Path) -> list[str]:
    command = [sys.executable, ROOT / "scripts/tidy.py", root]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines()


MODULES = {
    "src/core/CMakeLists.txt": "vignette_module(core SOURCES log.cpp)",
    "src/wire/CMakeLists.txt": "vignette_module(wire SOURCES a.cpp\n  USES core)",
    "src/net/CMakeLists.txt": "vignette_module(net SOURCES a.cpp\n  USES core)",
    "src/core/log.h": "",
    "src/wire/json/reader.h": "",
    "src/wire/answer/result.h": "",
    "src/net/url.h": "",
}


def test_a_module_sees_core_and_what_its_cmake_list_names(tree):
    root = tree(MODULES | {"src/wire/a.cpp": '#include "core/log.h"\n#include "wire/json/reader.h"\n'})
    assert list(arrow_problems(root)) == []
    tree({"src/wire/b.cpp": '#include "net/url.h"\n', "src/core/log.cpp": '#include "wire/json/reader.h"\n'})
    assert list(arrow_problems(root)) == [
        "src/core/log.cpp:1: core must not see wire/json",
        "src/wire/b.cpp:1: wire must not see net",
    ]


def test_an_inner_room_sees_only_the_rooms_named_for_it(tree):
    reader = '#include "wire/json/reader.h"\n#include "wire/answer/result.h"\n'
    root = tree(MODULES | {"src/wire/request/a.cpp": reader})
    assert list(arrow_problems(root)) == ["src/wire/request/a.cpp:2: wire/request must not see wire/answer"]


def test_the_front_does_not_see_the_model(tree):
    root = tree({"src/app/CMakeLists.txt": "", "src/model/CMakeLists.txt": "", "src/model/steps.h": ""})
    tree({"src/app/main.cpp": '#include "model/steps.h"\n'})
    assert list(arrow_problems(root)) == ["src/app/main.cpp:1: app must not see model"]


def test_the_dictionary_includes_nothing_of_src(tree):
    root = tree(MODULES | {"include/vignette/job.h": '#include "core/log.h"\n'})
    assert list(arrow_problems(root)) == ["include/vignette/job.h:1: include/vignette must not see src/"]


def test_files_of_two_rooms_may_not_include_each_other(tree):
    root = tree(
        {
            "src/image/sniff.cpp": '#include "image/raw/raw.h"\n',
            "src/image/sniff.h": "",
            "src/image/raw/raw.h": '#include "image/sniff.h"\n',
            "src/image/png/a.h": '#include "image/png/b.h"\n',
            "src/image/png/b.cpp": '#include "image/png/a.h"\n',
        }
    )
    assert list(include_circles(root)) == [
        "src: an include circle ties rooms together: image/raw/raw -> image/sniff -> image/raw/raw"
    ]


def test_headers_of_one_room_may_not_include_each_other(tree):
    root = tree({"src/net/a.h": '#include "net/b.h"\n', "src/net/b.h": '#include "net/a.h"\n'})
    assert list(include_circles(root)) == ["src: an include circle of headers: net/a -> net/b -> net/a"]


def test_a_long_line_of_cmake_is_reported(tree):
    root = tree(MODULES | {"src/net/CMakeLists.txt": "#" * 121})
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)
    assert "src/net/CMakeLists.txt:1: 121 columns, at most 120" in run_tidy(root)


def test_two_types_of_one_name_are_reported(tree):
    item = "namespace vignette {\nstruct Item {\n    int a = 0;\n};\n}\n"
    found = run_tidy(tree(MODULES | {"src/net/item.h": item, "src/wire/item.h": item + "class Item;\n"}))
    assert "src/wire/item.h: Item is also a type of src/net/item.h" in found


def test_a_library_outside_its_wall_is_reported(tree):
    found = run_tidy(tree(MODULES | {"src/net/url.h": "#include <torch/torch.h>\n"}))
    assert "src/net/url.h:1: <torch> belongs to model" in found


def test_a_folder_fits_on_a_screen(tree):
    root = tree({f"src/net/{number}.h": "" for number in range(FILES_MAX)})
    assert list(full_folders(root, tracked(root))) == []
    tree({"src/net/more.h": ""})
    assert list(full_folders(root, tracked(root))) == [
        f"src/net: {FILES_MAX + 1} files, at most {FILES_MAX}; make inner rooms"
    ]


def test_a_document_names_only_what_exists(tree):
    root = tree(
        MODULES
        | {
            "docs/a.md": "See `core/log`, `src/net/url.h`, `image/png` as a type, [b](b.md) and `wire/gone`.\n",
            "README.md": "[a](docs/a.md) and [gone](docs/gone.md), [web](https://example.com/x).\n",
        }
    )
    assert sorted(missing_paths(root, tracked(root))) == [
        "README.md:1: docs/gone.md does not exist",
        "docs/a.md:1: b.md does not exist",
        "docs/a.md:1: wire/gone does not exist",
    ]


def test_a_function_that_only_tests_call_is_reported(tree):
    root = tree(
        {
            "src/core/text.h": "int used(int);\nint unused(int);  // unused()\nbool inline_one() { return used(1); }\n",
            "src/core/text.cpp": "int used(int a) { return a; }\nint unused(int a) { return a; }\n",
            "src/net/a.cpp": "bool b = inline_one();\n",
            "test/core/text_test.cpp": "unused(1);\n",
        }
    )
    assert list(uncalled(root)) == ["src/core/text.h: nobody calls unused()"]


def test_a_lock_that_clang_cannot_check_is_reported(tree):
    bare = "std::mutex mutex_;\n"
    root = tree(MODULES | {"src/core/mutex.h": bare, "src/net/url.h": bare})
    assert [line for line in run_tidy(root) if "mutex" in line] == [
        "src/net/url.h:1: use core/mutex.h, whose rules clang checks"
    ]


def test_the_house_is_tidy():
    done = subprocess.run(["python3", ROOT / "scripts/tidy.py", ROOT], capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("tidy\n", 0)
