"""Fragments of JSON text: names, sentences, moments."""

import json
import time
from random import Random

from profiles.profile import BEGINNING

FIRST = (
    "Ada Grace Alan Edsger Barbara Donald Margaret Ken Dennis Frances Radia Tony Niklaus Hedy Claude Zoë Jürgen".split()
)
FIRST += ["Søren", "美咲", "Олег"]
LAST = "Lovelace Hopper Turing Dijkstra Liskov Knuth Hamilton Thompson Ritchie Allen Perlman Hoare Wirth Lamarr".split()
LAST += ["Shannon", "Müller", "Ångström", "佐藤", "Петров", "O'Neil"]
WORDS = "river delta silt gravel bank flood meander terrace levee channel sand clay estuary ford reed current".split()
WORDS += (
    "alluvial basin braid cutoff debris erosion fan gorge headwater inlet lagoon marsh oxbow pool rapids spring".split()
)
# What JSON has to escape, and what takes more than a byte a character.
ENDINGS = ['\nsecond "quoted" line', "\ttabbed \\ backslash", " 🚀 naïve café", " comma, semi; 'apostrophe'"]
EPOCH = int(BEGINNING.timestamp())
PAST_SECONDS = 90_000_000


def quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def names() -> list[tuple[str, str]]:
    """Quoted names, each with the beginning of an address."""
    every = [f"{first} {last}" for first in FIRST for last in LAST]
    return [(quoted(name), f"u{number}x") for number, name in enumerate(every)]


def sentences(random: Random, count: int, shortest: int, longest: int) -> list[str]:
    """Quoted sentences of so many words; one in 12 ends in what is not plain ASCII."""
    made = []
    for number in range(count):
        text = " ".join(random.choices(WORDS, k=random.randint(shortest, longest)))
        made.append(quoted(text + random.choice(ENDINGS) if number % 12 == 5 else text))
    return made


def moment(second: int, microsecond: int) -> str:
    """A quoted timestamp, so many seconds after the beginning or before it."""
    t = time.gmtime(EPOCH + second)
    return f'"{t[0]:04}-{t[1]:02}-{t[2]:02}T{t[3]:02}:{t[4]:02}:{t[5]:02}.{microsecond:06}Z"'


def money(cents: int) -> str:
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100}.{abs(cents) % 100:02}"
