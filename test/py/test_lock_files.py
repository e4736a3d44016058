"""npm's lock files hold the packages of every platform: npm 11 refuses to install from one that lacks any."""

import json
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = subprocess.check_output(["git", "ls-files", "*package-lock.json"], cwd=ROOT, text=True).split()


def places(holder, name):
    """Where Node.js would look for the package `name` that `holder` needs, the nearest first."""
    parts = holder.split("/node_modules/") if holder else []
    for depth in range(len(parts), 0, -1):
        yield "/node_modules/".join([*parts[:depth], name])
    yield f"node_modules/{name}"


def missing(packages):
    for holder, package in packages.items():
        optional_peers = {
            name for name, meta in package.get("peerDependenciesMeta", {}).items() if meta.get("optional")
        }
        needed = {**package.get("dependencies", {}), **package.get("optionalDependencies", {})}
        needed |= {name: "" for name in package.get("peerDependencies", {}) if name not in optional_peers}
        for name in needed:
            if not any(place in packages for place in places(holder, name)):
                yield f"{name} of {holder or 'the project'}"


def test_there_are_lock_files():
    assert "examples/nextjs/package-lock.json" in LOCKS


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_lacks_no_package(lock):
    packages = json.loads((ROOT / lock).read_text())["packages"]
    assert list(missing(packages)) == []


def test_a_package_for_another_platform_that_is_left_out_is_found():
    packages = {
        "": {"dependencies": {"a": "1"}},
        "node_modules/a": {"optionalDependencies": {"a-linux": "1", "a-windows": "1"}},
        "node_modules/a/node_modules/a-linux": {},
    }
    assert list(missing(packages)) == ["a-windows of node_modules/a"]
