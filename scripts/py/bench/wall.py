"""The rows of scripts/bench about the decoder processes: the same file decoded in one and without one."""

import subprocess

from bench.common import noisy_photo
from program import ROOT

BUILT = ROOT / "build/release"


def row_of(name: str, suffix: str, threads: str, **options):
    """A row: 640 x 480 pixels of a format, `one` thread or `all` cores at once."""

    def times(pairs, folder):
        import pillow_heif

        pillow_heif.register_heif_opener()
        file = folder / f"photo.{suffix}"
        noisy_photo(640, 480).save(file, **options)
        for _ in range(pairs):
            command = [BUILT / "wall_bench", BUILT / "vignette-decoder", file]
            words = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
            at = words.index(threads)
            here, wall = (float(word.split("=")[1]) / 1000 for word in words[at + 1 : at + 3])
            yield wall, here

    whom = "one thread" if threads == "one" else "all cores"
    times.__doc__ = f"Decoding a 640 x 480 {name} in a decoder process, {whom}, against without one."
    return times
