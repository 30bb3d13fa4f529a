"""Contacts: 200 columns, of each 40 % values, 30 % nulls, and 30 % absent."""

from functools import cached_property
from random import Random

from profiles.profile import BOOLEAN, DATE, INTEGER, NUMBER, STRING, TIMESTAMP
from profiles.texts import PAST_SECONDS, WORDS, moment, quoted

KINDS = {
    "integer": (INTEGER, lambda random: str(random.randrange(10 ** random.randrange(1, 12)))),
    "number": (NUMBER, lambda random: f"{random.random() * 1e5:.4f}"),
    "text": (STRING, lambda random: quoted(" ".join(random.choices(WORDS, k=random.randint(1, 4))))),
    "flag": (BOOLEAN, lambda random: random.choice(["true", "false"])),
    "moment": (TIMESTAMP, lambda random: moment(-random.randrange(PAST_SECONDS), random.randrange(1_000_000))),
    "day": (DATE, lambda random: moment(-random.randrange(PAST_SECONDS), 0)[:11] + '"'),
    "label": (STRING, lambda random: quoted(" ".join(random.choices(WORDS, k=random.randint(1, 4))))),
    "count": (INTEGER, lambda random: str(random.randrange(10 ** random.randrange(1, 12)))),
}
COLUMNS = [(f"c{position:03}_{kind}", kind) for position in range(198) for kind in [list(KINDS)[position % len(KINDS)]]]


class Wide:
    stream = "contacts"
    share = 0.1
    properties = {"id": INTEGER, "updated_at": TIMESTAMP} | {name: KINDS[kind][0] for name, kind in COLUMNS}

    @cached_property
    def fragments(self) -> list[list[str]]:
        """For each column what may stand in a record."""
        random = Random("wide")

        def fragment(name: str, kind: str) -> str:
            chance = random.random()
            if chance < 0.3:
                return ""
            return f',"{name}":{"null" if chance < 0.6 else KINDS[kind][1](random)}'

        return [[fragment(name, kind) for _ in range(1024)] for name, kind in COLUMNS]

    def body(self, random: Random, number: int, key: int) -> str:
        # Ten bits a column, all from one draw: 198 draws would take most of the time.
        bits = random.getrandbits(10 * len(COLUMNS))
        columns = "".join(column[(bits >> 10 * position) & 1023] for position, column in enumerate(self.fragments))
        return f'{{"id":{key},"updated_at":{moment(number, bits % 1_000_000)}{columns}}}'
