"""Words in plain block letters, five cells wide and seven high: the same on every machine, as no font is."""

from PIL import ImageDraw

LETTER_WIDTH, LETTER_HEIGHT = 5, 7
PITCH = LETTER_WIDTH + 1  # cells from one letter to the next

LETTERS = {
    "A": (".###.", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "B": ("####.", "#...#", "#...#", "####.", "#...#", "#...#", "####."),
    "C": (".####", "#....", "#....", "#....", "#....", "#....", ".####"),
    "E": ("#####", "#....", "#....", "####.", "#....", "#....", "#####"),
    "F": ("#####", "#....", "#....", "####.", "#....", "#....", "#...."),
    "H": ("#...#", "#...#", "#...#", "#####", "#...#", "#...#", "#...#"),
    "I": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "#####"),
    "K": ("#...#", "#..#.", "#.#..", "##...", "#.#..", "#..#.", "#...#"),
    "L": ("#....", "#....", "#....", "#....", "#....", "#....", "#####"),
    "M": ("#...#", "##.##", "#.#.#", "#.#.#", "#...#", "#...#", "#...#"),
    "N": ("#...#", "##..#", "##..#", "#.#.#", "#..##", "#..##", "#...#"),
    "O": (".###.", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
    "P": ("####.", "#...#", "#...#", "####.", "#....", "#....", "#...."),
    "R": ("####.", "#...#", "#...#", "####.", "#.#..", "#..#.", "#...#"),
    "S": (".####", "#....", "#....", ".###.", "....#", "....#", "####."),
    "T": ("#####", "..#..", "..#..", "..#..", "..#..", "..#..", "..#.."),
    "U": ("#...#", "#...#", "#...#", "#...#", "#...#", "#...#", ".###."),
    "W": ("#...#", "#...#", "#...#", "#.#.#", "#.#.#", "##.##", "#...#"),
    "X": ("#...#", "#...#", ".#.#.", "..#..", ".#.#.", "#...#", "#...#"),
    "Y": ("#...#", "#...#", ".#.#.", "..#..", "..#..", "..#..", "..#.."),
}


def cells_wide(word: str) -> int:
    return PITCH * len(word) - 1


def write(pen: ImageDraw.ImageDraw, word: str, left: float, top: float, cell: float, colour) -> None:
    """Draws the word with its upper left corner at (left, top)."""
    for index, letter in enumerate(word):
        for row, line in enumerate(LETTERS[letter]):
            for column, mark in enumerate(line):
                if mark == "#":
                    x, y = left + (PITCH * index + column) * cell, top + row * cell
                    # The far edges are part of a rectangle, so neighbours meet without a gap.
                    pen.rectangle((x, y, x + cell, y + cell), fill=colour)
