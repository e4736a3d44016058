"""Copies of an exported program with edited code: the rest of program.pt stays as it is shipped."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

Edit = Callable[[str], str]  # of the code of one module

ASKS_FOR_A_GPU = "ops.prim.is_cuda("
ASKS_FOR_16_BITS = "torch.eq(torch.element_size(cache), 2)"


def edit_program(program: Path, *edits: Edit) -> io.BytesIO:
    edited = io.BytesIO()
    with zipfile.ZipFile(program) as old, zipfile.ZipFile(edited, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith(".py"):
                for edit in edits:
                    content = edit(content.decode()).encode()
            new.writestr(name, content)
    edited.seek(0)
    return edited


def count_in_program(program: Path, text: str) -> int:
    with zipfile.ZipFile(program) as archive:
        return sum(archive.read(name).decode().count(text) for name in archive.namelist() if name.endswith(".py"))


def take_gpu_branches(code: str) -> str:
    """On the CPU the program then does what it does on a GPU, and nothing else of it changes."""
    return code.replace(ASKS_FOR_A_GPU, "ops.prim.is_cpu(")


def use_flash_for_32_bits(code: str) -> str:
    """The kernel knows only 16 bits, and those hide small mistakes. Its stand-in can be asked for more."""
    return code.replace(ASKS_FOR_16_BITS, "torch.eq(torch.element_size(cache), 4)")


def plant(lines: str, method: str) -> Edit:
    """Puts lines at the beginning of a method of the program itself, where `planted` is its first argument."""
    head = re.compile(
        rf"(  def {method}\(self: __torch__\.export\.families\.[^)]*?,\s+(\w+): Tensor[^)]*\) -> Tensor:\n)"
    )

    def edit(code: str) -> str:
        return head.sub(lambda found: found[1] + f"    planted = {found[2]}\n" + lines, code)

    return edit
