"""A bundle of one's own whose weights are cut short: at a moment of the test's choice, or while they are loaded."""

import os
import shutil
import subprocess
from pathlib import Path

from places import ROOT

# Stands between the program and mmap, and cuts a file of weights short as soon as it is mapped: its header has not
# even been read, and its size was right.
SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
void* mmap(void* at, size_t size, int rights, int flags, int file, off_t from) {
    void* (*next)(void*, size_t, int, int, int, off_t) = dlsym(RTLD_NEXT, "mmap");
    void* mapped = next(at, size, rights, flags, file, from);
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (file >= 0 && readlink(link, path, sizeof path - 1) > 0 && strstr(path, ".safetensors"))
        if (truncate(path, 65536) != 0) perror("truncate");
    return mapped;
}
void* mmap64(void* at, size_t size, int rights, int flags, int file, off_t from) {
    return mmap(at, size, rights, flags, file, from);
}
"""


def own_bundle(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT / "models/demo-blip2", folder / "own-blip2"))


def cut_short(bundle: Path):
    os.truncate(bundle / "model.safetensors", 64 * 1024)


def cutting_shim(folder: Path) -> str:
    """For LD_PRELOAD."""
    library = folder / "shim.so"
    compiler = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", str(library), "-ldl"]
    subprocess.run(compiler, input=SHIM, text=True, check=True)
    return str(library)
