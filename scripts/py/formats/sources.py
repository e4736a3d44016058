"""Real pictures: the test files of other projects, out of the source packages of this machine's own Debian mirror."""

import subprocess
import tarfile
from pathlib import Path

PACKAGES = ("pillow", "tiff", "giflib", "libheif", "golang-golang-x-image")
SUFFIXES = frozenset(
    "bmp dib tga ppm pgm pbm pnm gif tif tiff webp avif heic heif hif png apng jpg jpeg mpo ico".split()
)


def sources_of(folder: Path) -> list[str]:
    """apt's options for an index of source packages of its own: the system's may list binaries only."""
    parts = folder / "sources"
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    (folder / "cache/archives/partial").mkdir(parents=True, exist_ok=True)
    parts.mkdir(exist_ok=True)
    system = Path("/etc/apt")
    for file in [system / "sources.list", *(system / "sources.list.d").glob("*")]:
        if file.suffix == ".list" and file.exists():
            lines = [
                line.replace("deb ", "deb-src ", 1) for line in file.read_text().splitlines() if line.startswith("deb ")
            ]
            (parts / file.name).write_text("\n".join(lines) + "\n")
        elif file.suffix == ".sources":
            text = "\n".join(
                "Types: deb-src" if line.startswith("Types:") else line for line in file.read_text().splitlines()
            )
            (parts / file.name).write_text(text + "\n")
    options = {
        "Dir::Etc::sourcelist": "/dev/null",
        "Dir::Etc::sourceparts": parts,
        "Dir::State::lists": folder / "lists",
        "Dir::Cache": folder / "cache",
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def fetch(folder: Path) -> None:
    """The packages' files, once; about 50 MB."""
    apt = ["apt-get", "-qq", *sources_of(folder)]
    subprocess.run([*apt, "update"], check=True)
    for package in PACKAGES:
        if not any(folder.glob(f"{package}_*.orig.tar.*")):
            subprocess.run([*apt, "source", "--download-only", package], cwd=folder, check=True)


def pictures(folder: Path) -> list[Path]:
    """All pictures of the packages, unpacked once."""
    unpacked = folder / "pictures"
    for package in PACKAGES:
        if (unpacked / package).exists():
            continue
        [archive] = folder.glob(f"{package}_*.orig.tar.*")
        with tarfile.open(archive) as tar:
            for one in tar:
                if one.isfile() and one.name.rpartition(".")[2].lower() in SUFFIXES and ".." not in one.name:
                    file = unpacked / package / one.name.lstrip("/")
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(tar.extractfile(one).read())
    return sorted(file for file in unpacked.rglob("*") if file.is_file())
