"""Who imports whom in the Python of scripts/py and test, and which modules import each other in a circle.

python3 scripts/py/house/imports.py [ROOT]    prints the circles, and fails if there are any
"""

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path


def python_import_circles(root: Path) -> list[str]:
    """A line for each circle. An import inside a function counts, too: it only hides the circle until it runs."""
    files = sorted(file for folder in ("scripts/py", "test") for file in (root / folder).rglob("*.py"))
    modules = {file: module_of(file) for file in files}
    graph = {file: sorted(set(imported(file, modules))) for file in files}
    circles = []
    while circle := find_circle(graph):
        circles.append(" -> ".join(str(file.relative_to(root)) for file in circle))
        graph[circle[0]].remove(circle[1])  # the next round finds another one
    return circles


def module_of(file: Path) -> tuple[Path, tuple[str, ...]]:
    """The folder from which Python finds a file, and the dotted name by which it does."""
    folder, names = file.parent, [] if file.stem == "__init__" else [file.stem]
    while (folder / "__init__.py").exists():
        folder, names = folder.parent, [folder.name, *names]
    return folder, tuple(names)


def imported(file: Path, modules: dict[Path, tuple]) -> Iterator[Path]:
    """The files that a file imports. A name is looked up beside the file first, then in every other folder."""
    home, own = modules[file]
    package = own if file.stem == "__init__" else own[:-1]
    known = {names: other for other, (_, names) in modules.items()}
    known |= {names: other for other, (folder, names) in modules.items() if folder == home}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        for name in wanted(node, package):
            found = known.get(name) or known.get(name[:-1])  # the last part may be a function or class
            if found and found != file:
                yield found


def wanted(node: ast.AST, package: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The dotted names of an import statement, with those it takes out of a module."""
    if isinstance(node, ast.Import):
        yield from (tuple(alias.name.split(".")) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else ()
        module = (*above, *(node.module.split(".") if node.module else ()))
        yield from ((*module, alias.name) for alias in node.names)


def find_circle(graph: dict[Path, list[Path]]) -> list[Path] | None:
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1][::-1]  # each of them imports the next
    return None


if __name__ == "__main__":
    found = python_import_circles(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parents[3])
    print("\n".join(found) or "no Python modules import each other in a circle")
    sys.exit(bool(found))
