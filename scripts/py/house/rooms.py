"""Who may include whom: the rooms of src/ and their arrows, read from CMake's own lists."""

import re
from pathlib import Path

INCLUDE = re.compile(r'\s*#include\s*[<"]([^>"]+)[>"]')

# Inner rooms that see others of their module. Any room sees the top level of its module, and the top level, which
# hands out the work, sees all.
INNER = {
    "wire/request": {"wire/json"},
    "wire/dialects": {"wire/json", "wire/request", "wire/answer", "wire/dialects/openai"},
    "wire/dialects/anthropic": {"wire/json", "wire/request", "wire/answer", "wire/dialects"},
    "wire/dialects/ollama": {"wire/json", "wire/request", "wire/answer", "wire/dialects"},
    "wire/dialects/openai": {"wire/json", "wire/request", "wire/answer", "wire/dialects"},
    "caption/media": {"caption/cache"},
    "caption/wording": set(),
    "image/raw": {"image/jpeg", "image/tiff"},
    "model/pixels": set(),
    "model/choose": set(),
    "net/fetch": {"net/client"},
    "app/files": {"app/usage"},
    "app/models": {"app/usage"},
    "app/preflight": {"app/models"},
    "app/serving": {"app/files", "app/models", "app/preflight", "app/usage"},
}
FRONT_SEES_NOT = {"caption", "model", "back", "wall", "decoder"}


def modules(root: Path) -> dict[str, set[str]]:
    """Each module with those that it may include: core, and what its CMakeLists.txt names after USES."""
    sees = {}
    for file in sorted((root / "src").glob("*/CMakeLists.txt")):
        found = re.search(r"\bUSES((?:\s+[a-z]+)+)", file.read_text())
        sees[file.parent.name] = {"core", *(found[1].split() if found else ())}
    sees["core"] = set()
    if "back" in sees:
        sees["back"] = {"core", "bundle", "text", "caption", "model"}
    if "decoder" in sees:
        sees["decoder"] = {"core", "image", "film", "wall"}
    if "app" in sees:
        sees["app"] = set(sees) - FRONT_SEES_NOT
    return sees


def room_of(path: Path, src: Path) -> str:
    return path.relative_to(src).parent.as_posix()


def includes(path: Path) -> list[tuple[int, str]]:
    lines = enumerate(path.read_text().splitlines(), 1)
    return [(number, found[1]) for number, line in lines if (found := INCLUDE.match(line))]


def may_see(room: str, other: str, sees: dict[str, set[str]]) -> bool:
    module, its = room.split("/")[0], other.split("/")[0]
    if module != its:
        return its in sees.get(module, set())
    return room == other or "/" not in room or "/" not in other or other in INNER.get(room, set())


def arrow_problems(root: Path):
    src, sees = root / "src", modules(root)
    for path in sorted([*src.rglob("*.h"), *src.rglob("*.cpp")]):
        room = room_of(path, src)
        for number, name in includes(path):
            target = src / name
            if target.is_file() and not may_see(room, room_of(target, src), sees):
                yield f"{path.relative_to(root)}:{number}: {room} must not see {room_of(target, src)}"
    for path in sorted((root / "include").rglob("*.h")):
        for number, name in includes(path):
            if (src / name).is_file():
                yield f"{path.relative_to(root)}:{number}: include/vignette must not see src/"


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Every circle that a walk over the graph meets, each once."""
    found, done = [], set()

    def walk(node, path):
        if node in path:
            circle = path[path.index(node) :]
            if not any(set(circle) == set(other) for other in found):
                found.append(circle)
            return
        if node in done:
            return
        for follower in sorted(graph.get(node, ())):
            walk(follower, [*path, node])
        done.add(node)

    for node in sorted(graph):
        walk(node, [])
    return found


def include_circles(root: Path):
    """Headers may not include each other in a circle; nor may units, a header with its .cpp, of different rooms."""
    src, units, headers = root / "src", {}, {}
    for path in sorted([*src.rglob("*.h"), *src.rglob("*.cpp")]):
        unit = path.relative_to(src).with_suffix("").as_posix()
        seen = {name[:-2] for _, name in includes(path) if name.endswith(".h") and (src / name).is_file()}
        units.setdefault(unit, set()).update(seen - {unit})
        if path.suffix == ".h":
            headers[unit] = seen
    for circle in circles(headers):
        yield "src: an include circle of headers: " + " -> ".join([*circle, circle[0]])
    for circle in circles(units):
        if len({unit.rsplit("/", 1)[0] for unit in circle}) > 1:
            yield "src: an include circle ties rooms together: " + " -> ".join([*circle, circle[0]])
