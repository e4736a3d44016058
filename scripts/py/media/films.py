"""Films made from pictures, as tests and measurements need them.

python -m media.films FOLDER    the tiny films of the fuzz corpus and of the C++ tests
"""

import io
import struct
import sys
from fractions import Fraction
from pathlib import Path

import av
from PIL import Image

PIXELS = {"mjpeg": "yuvj420p"}
QUARTER_TURNS = {90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}  # clockwise; a, b, c, d of tkhd


def write_film(path, frames, codec="libx264", **options):
    """Writes (seconds, picture) pairs; times are rounded to milliseconds. Options: those of open_film."""
    with open_film(path, codec, **options) as film:
        for seconds, picture in frames:
            film.add(seconds, picture)


class open_film:
    """A film that is written picture by picture, so that a long one needs no memory.

    rotation: degrees clockwise by which a player turns it (MP4 only); sound: a silent track beside it; box:
    options of the container.
    """

    def __init__(self, path, codec="libx264", rate=25, rotation=0, sound=False, box=None, **codec_options):
        self.path, self.rotation = Path(path), rotation
        self.box = av.open(str(path), "w", options=box or {})
        self.stream = self.box.add_stream(codec, rate=rate, options={k: str(v) for k, v in codec_options.items()})
        self.stream.pix_fmt = PIXELS.get(codec, "yuv420p")
        # AVI, MPEG-1 and MPEG-2 count pictures, the others can tell milliseconds.
        counts = self.path.suffix == ".avi" or codec in ("mpeg1video", "mpeg2video")
        self.unit = Fraction(1, rate) if counts else Fraction(1, 1000)
        self.stream.codec_context.time_base = self.unit
        self.sound = self.box.add_stream("aac", rate=44100) if sound else None
        self.fresh = True

    def __enter__(self):
        return self

    def add(self, seconds, picture):
        if self.fresh:
            self.stream.width, self.stream.height = picture.size
            self.fresh = False
        frame = av.VideoFrame.from_image(picture).reformat(format=self.stream.pix_fmt)
        frame.pts = round(seconds / self.unit)
        frame.time_base = self.unit
        self.box.mux(self.stream.encode(frame))

    def __exit__(self, *_):
        if self.sound:
            add_silence(self.box, self.sound)
        if not self.fresh:
            self.box.mux(self.stream.encode())
        self.box.close()
        if self.rotation:
            turn(self.path, self.rotation)


def add_silence(box, stream, blocks=20):
    for number in range(blocks):
        frame = av.AudioFrame(format="fltp", layout="stereo", samples=1024)
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        frame.sample_rate, frame.pts = 44100, 1024 * number
        box.mux(stream.encode(frame))
    box.mux(stream.encode())


def write_sound(path):
    with av.open(str(path), "w") as box:
        add_silence(box, box.add_stream("aac", rate=44100), blocks=4)


def write_growing(path, sizes):
    """One JPEG of each size, of which the box announces the first."""
    with av.open(str(path), "w") as box:
        stream = box.add_stream("mjpeg", rate=2)
        stream.width, stream.height = sizes[0]
        stream.pix_fmt = PIXELS["mjpeg"]
        for number, size in enumerate(sizes):
            jpeg = io.BytesIO()
            plain((40 * number, 30, 200), size).save(jpeg, "JPEG")
            packet = av.Packet(jpeg.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 2)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            box.mux(packet)


def turn(path, degrees):
    """Writes the quarter turn into the display matrix of the MP4's first track."""
    content = bytearray(path.read_bytes())
    at = content.index(b"tkhd") + 4 + 40
    a, b, c, d = (65536 * one for one in QUARTER_TURNS[degrees])
    content[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(bytes(content))


def plain(colour, size=(64, 48)):
    return Image.new("RGB", size, colour)


def two_colours(count=4, size=(64, 48), step=0.48):
    """Half of it red, half of it blue: one cut."""
    return [(step * n, plain((220, 30, 30) if n < count / 2 else (30, 40, 220), size)) for n in range(count)]


# name: codec and options. All kinds of containers and codecs that are read, a few kilobytes each. Only Theora is
# missing, which PyAV cannot write: theora.ogv and theora-repeats.ogv come from Debian's ffmpeg (libtheora, -q:v 8).
TINY = {
    "h264.mp4": {"codec": "libx264", "bf": 2, "preset": "ultrafast"},
    "h264-fragments.mp4": {"codec": "libx264", "bf": 0, "box": {"movflags": "frag_every_frame+empty_moov"}},
    "hevc.mkv": {"codec": "libx265", "x265-params": "log-level=none"},
    "vp8.webm": {"codec": "libvpx"},
    "vp9.webm": {"codec": "libvpx-vp9"},
    "av1.mkv": {"codec": "libsvtav1", "svtav1-params": "film-grain=0"},
    "mpeg4.avi": {"codec": "mpeg4"},
    "mpeg4.mov": {"codec": "mpeg4", "bf": 2},
    "mjpeg.avi": {"codec": "mjpeg"},
    "mpeg2.mkv": {"codec": "mpeg2video"},
}


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, options in TINY.items():
        size = (64, 64) if name.startswith("av1") else (64, 48)
        write_film(folder / name, two_colours(size=size), rate=25, **options)
    write_film(folder / "turned.mp4", two_colours(), rotation=90, preset="ultrafast")
    write_sound(folder / "sound.mp4")
    write_growing(folder / "grows.avi", [(16, 16)] + [(160, 120)] * 4)
    # Five pictures a second that all differ, a key frame each second.
    changing = [(n / 5, plain((2 * n, 250 - 2 * n, n))) for n in range(100)]
    write_film(folder / "gops.mp4", changing, rate=5, g=5, bf=2, preset="ultrafast", sc_threshold=0)


if __name__ == "__main__":
    main()
