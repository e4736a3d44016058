"""Functions that a header offers and nobody outside the tests calls."""

import re
from collections import Counter
from pathlib import Path

# A free function or a method: a type, a name, an opening parenthesis, and no body or an inline one.
DECLARED = re.compile(r"^\s*(?:\[\[\w+\]\] )?[\w:<>,][\w:<>,&*\s]*[\s&*>](\w+)\((?!\*)")
NOT_ONE = {"if", "for", "while", "switch", "return", "operator", "sizeof", "static_assert", "assert", "defined", "TRY"}
WORD = re.compile(r"\w+")

# Called by name from elsewhere: a library's template, or an interface that a test replaces.
CALLED_ELSEWHERE = {"construct", "allocate", "deallocate", "__extension__", "from_config", "to_config"}


def uncalled(root: Path):
    sources = [*(root / "src").rglob("*.h"), *(root / "src").rglob("*.cpp"), *(root / "include").rglob("*.h")]
    words = {path: Counter(WORD.findall(without_comments(path.read_text()))) for path in sources}
    total: Counter = sum(words.values(), Counter())
    for path in sorted(sources):
        if path.suffix != ".h":
            continue
        in_source = words.get(path.with_suffix(".cpp"), Counter())
        for name, times in sorted(Counter(declared(path)).items()):
            defined = min(times, in_source[name])
            if total[name] <= times + defined and name not in CALLED_ELSEWHERE:
                yield f"{path.relative_to(root)}: nobody calls {name}()"


def declared(path: Path) -> list[str]:
    found = []
    for line in without_comments(path.read_text()).splitlines():
        if (
            (match := DECLARED.match(line))
            and match[1] not in NOT_ONE
            and not line.lstrip().startswith(("return", "TRY", "else"))
        ):
            found.append(match[1])
    return found


def without_comments(text: str) -> str:
    return re.sub(r"//[^\n]*", "", text)
