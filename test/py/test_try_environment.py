"""scripts/try-worker is ready after the program and a handful of packages: no tests, no browser."""

import re
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


def pins(name):
    return {
        line for line in (SCRIPTS / "requirements" / name).read_text().splitlines() if line and not line.startswith("#")
    }


def test_it_needs_few_packages_of_the_versions_that_the_tests_use():
    few = pins("try.txt")
    assert few < pins("platform.txt") and len(few) <= 12


def test_the_stand_in_imports_nothing_else():
    imported = set()
    for file in (SCRIPTS.parent / "test/fake_runpod").glob("*.py"):
        imported |= set(re.findall(r"^(?:import|from) (\w+)", file.read_text(), re.MULTILINE))
    installed = {line.split("==")[0].lower() for line in pins("try.txt")}
    assert imported - set(sys.stdlib_module_names) <= installed | {"fake_runpod"}


def test_it_asks_the_setup_for_no_more():
    assert re.findall(r"/setup\" (--\w+)", (SCRIPTS / "try-worker").read_text()) == ["--try"]
