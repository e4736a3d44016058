"""Real pictures and films: the test files of other projects, out of the source packages of this machine's own Debian
mirror."""

import shutil
import subprocess
import tarfile
from pathlib import Path

# About 130 MB. Not every mirror has every package at all times; there are enough of them to do without some.
PACKAGES = (
    "pillow",
    "golang-golang-x-image",
    "giflib",
    "tiff",
    "libheif",
    "libpng1.6",
    "libgd2",
    "gdk-pixbuf",
    "golang-github-gabriel-vasile-mimetype",
    "rails",
    "quodlibet",
    "qt6-multimedia",
    "pytorch-vision",
    "tracker-miners",
    "taglib",
    "libextractor",
    "libopenshot",
)
QUICK = PACKAGES[:-1]  # the last is a sixth of all bytes

PICTURES = frozenset(
    "bmp dib tga ppm pgm pbm pnm gif tif tiff webp avif heic heif hif png apng jpg jpeg mpo ico".split()
)
FILMS = frozenset("mp4 m4v mov avi mkv webm ogv ogg mpg mpeg flv wmv asf 3gp".split())


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
        "Acquire::Retries": 2,
        "Acquire::http::Timeout": 20,
    }
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def archive_of(folder: Path, package: str) -> Path | None:
    archives = (one for one in folder.glob(f"{package}_*.orig.tar.*") if one.suffix != ".asc")
    return next(archives, None)


def unpack(archive: Path, into: Path) -> None:
    """Only pictures and films. All or nothing: what is there later is whole."""
    fresh = into.with_suffix(".fresh")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    with tarfile.open(archive) as tar:
        for one in tar:
            if one.isfile() and one.name.rpartition(".")[2].lower() in PICTURES | FILMS and ".." not in one.name:
                file = fresh / one.name.lstrip("/")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(tar.extractfile(one).read())
    fresh.rename(into)


def bring(folder: Path, packages: tuple[str, ...]) -> list[str]:
    """Fetches and unpacks what is not here yet; says which packages are not to be had."""
    unpacked = folder / "unpacked"
    wanted = [package for package in packages if not (unpacked / package).exists()]
    missing = [package for package in wanted if not archive_of(folder, package)]
    apt = ["apt-get", "-qq", *sources_of(folder)]
    if missing:
        subprocess.run([*apt, "update"], check=False)
    for package in missing:  # one by one, so that one that is gone from the mirror does not stop the others
        subprocess.run([*apt, "source", "--download-only", "--tar-only", package], cwd=folder, check=False)
    for package in wanted:
        archive = archive_of(folder, package)
        try:
            if archive:
                unpack(archive, unpacked / package)
        except (tarfile.TarError, EOFError, OSError):  # broken off when it was fetched
            archive.unlink()
    return [package for package in packages if not (unpacked / package).exists()]


def files_of(folder: Path, packages: tuple[str, ...], suffixes: frozenset[str]) -> list[Path]:
    found = (file for package in packages for file in (folder / "unpacked" / package).rglob("*"))
    return sorted(file for file in found if file.is_file() and file.suffix.lower()[1:] in suffixes)
