#!/usr/bin/env python3
"""The shape of the code as a test: who sees whom, which library lives where, how long things may be."""

import re
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent / "py"))

from house.callers import uncalled
from house.imports import python_import_circles
from house.paths import full_folders, missing_paths, tracked
from house.rooms import arrow_problems, include_circles

WALLS = {  # the first folder of an include, and the only places that may name it
    "torch": {"model"},
    "ATen": {"model"},
    "c10": {"model"},
    "opencv2": {"image"},
    "jpeglib.h": {"image"},
    "libraw": {"image"},
    "webp": {"image"},
    "libheif": {"image"},
    "gif_lib.h": {"image"},
    "libdeflate.h": {"image"},
    "seccomp.h": {"wall"},
    "libavcodec": {"film"},
    "libavformat": {"film"},
    "libavutil": {"film"},
    "libswscale": {"film"},
    "nlohmann": {"wire", "bundle", "caption"},
    "simdjson.h": {"wire"},
    "curl": {"net"},
    "zlib.h": {"net"},
    "boost": {"net"},
    "hiredis": {"queue"},
    "prometheus": {"serve"},
    "sqlite3.h": {"serve"},
    "spdlog": {"core"},
    "CLI": {"app"},
    "toml++": {"app"},
    "openssl": {"bundle", "caption", "net", "serve"},
    "utf8proc.h": {"caption"},
    "vignette_rust.h": {"text", "image"},
}
FILE_LINES_MAX, FUNCTION_LINES_MAX = 400, 60
INCLUDE = re.compile(r'\s*#include\s*[<"]([^/>"]+)')
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)[^;\n]*\{", re.MULTILINE)
NOT_A_FUNCTION = re.compile(r"namespace|struct|class|enum|union|extern|#|\}|//")
BARE_LOCK = r"std::(mutex|lock_guard|unique_lock|scoped_lock)"
WRAPPED_IN = {BARE_LOCK: "mutex.h"}  # the one file that may
BANNED = {
    r"std::cout|std::cerr": "print with std::puts or log",
    r"sleep_for|usleep\(|\bsleep\(": "wait for the event itself, not for time",
    BARE_LOCK: "use core/mutex.h, whose rules clang checks",
    r"\.detach\(\)": "join every thread",
    r"\bnew [A-Za-z_:]+[({\[]": "own it with make_unique",
    r"\b(TODO|FIXME|XXX)\b": "open an issue instead",
}


def include_problems(module, number, line):
    if not (found := INCLUDE.match(line)):
        return
    top = found[1]
    if module not in WALLS.get(top, {module}):
        yield f"{number}: <{top}> belongs to {', '.join(sorted(WALLS[top]))}"


def file_problems(module, name, lines):
    if len(lines) > FILE_LINES_MAX:
        yield f"1: {len(lines)} lines, at most {FILE_LINES_MAX}"
    start = 0
    for number, line in enumerate(lines, 1):
        yield from include_problems(module, number, line)
        code = line.split("//")[0]
        for pattern, advice in BANNED.items():
            if name != WRAPPED_IN.get(pattern) and re.search(pattern, line if "TODO" in pattern else code):
                yield f"{number}: {advice}"
        if line.endswith("{") and line[0] not in " \t" and not NOT_A_FUNCTION.match(line):
            start = number  # clang-format puts a function's braces in column 0
        if line == "}" and start:
            if number - start > FUNCTION_LINES_MAX:
                yield f"{start}: function of {number - start} lines, at most {FUNCTION_LINES_MAX}"
            start = 0


def namesakes(root):
    """Types of the same name in two headers: the linker takes the functions of one of them for both."""
    homes = {}
    for path in sorted([*(root / "src").rglob("*.h"), *(root / "include").rglob("*.h")]):
        for name in TYPE.findall(path.read_text()):
            if homes.setdefault(name, path) != path:
                yield f"{path.relative_to(root)}: {name} is also a type of {homes[name].relative_to(root)}"


def long_cmake_lines(root, names):
    for name in names:
        if name.endswith((".cmake", "CMakeLists.txt")):
            for number, line in enumerate((root / name).read_text().splitlines(), 1):
                if len(line) > 120:
                    yield f"{name}:{number}: {len(line)} columns, at most 120"


def problems(root):
    for path in sorted([*(root / "src").rglob("*"), *(root / "include").rglob("*")]):
        if path.suffix not in {".h", ".cpp"}:
            continue
        is_public = path.is_relative_to(root / "include")
        module = "core" if is_public else path.relative_to(root / "src").parts[0]
        for problem in file_problems(module, path.name, path.read_text().splitlines()):
            yield f"{path.relative_to(root)}:{problem}"
    yield from arrow_problems(root)
    yield from include_circles(root)
    yield from (f"import circle: {circle}" for circle in python_import_circles(root))
    names = tracked(root)
    yield from full_folders(root, names)
    yield from missing_paths(root, names)
    yield from uncalled(root)
    yield from long_cmake_lines(root, names)
    yield from namesakes(root)


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print("\n".join(found) or "tidy")
    sys.exit(bool(found))
