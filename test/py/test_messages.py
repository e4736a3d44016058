"""The list of messages is complete, and every message is idiomatic English."""

import re

import pytest

from house.messages import ROOT, literals, messages

# Phrases that a native writer would not use; all of them have been in our messages.
FOREIGN = [
    r"(?<!there) is no (?!longer)",
    r"\b(are|is) none\b",
    r"\bwish",
    r"\btold\b",
    r"\blies\b",
    r"\bstands? (?!for)",
    r"\bbehind th",
    r"\bleave away\b",
    r"\bso many\b",
    r"\bof which\b",
]


def test_a_text_in_pieces_is_one_message_with_gaps():
    source = """// "not this"
        fail(code, path + " has " + count(n, '"') + " bytes; "
            "shorten \\"it\\"");
        f("next");"""
    assert [text for _, text in literals(source)] == [' has {} bytes; shorten "it"', "next"]


def test_a_raw_text_is_read_as_it_is():
    assert [*literals('\nR"x(one "two" \\n)x"')] == [(2, 'one "two" \\n')]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("src/wire/request/field_checks.cpp", " appears twice; send it once"),
        ("src/wire/json/reader.cpp", "the JSON is nested deeper than {} levels"),
        ("src/wire/request/film_fields.cpp", "applies only to films; ignored"),
        ("src/app/command_line.cpp", "Examples:"),
    ],
)
def test_known_messages_are_found(file, text):
    assert any(found == file and text in words for found, _, words in messages([ROOT / "src"]))


def test_no_message_holds_a_foreign_phrase():
    banned = re.compile("|".join(FOREIGN), re.IGNORECASE)
    assert [message for message in messages([ROOT / "src"]) if banned.search(message[2])] == []
