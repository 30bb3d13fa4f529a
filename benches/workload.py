"""Streams of Airbyte messages to measure with: the same seed gives the same bytes on every machine.

Profiles:
    flat    12 scalar columns: what most API and database streams look like
    nested  orders with a customer in an object, line items that hold discounts, and tags: one root and several
            child tables
    wide    200 columns, more than half of them null or absent: exports of CRM objects
"""

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

RECORDS_PER_STATE = 10_000
# One record in ten comes again with a later `updated_at`: what append_dedup has to merge.
UPDATED_SHARE = 0.1
BEGINNING = datetime(2025, 3, 1, tzinfo=timezone.utc)
WIDE_COLUMNS = 200

WORDS = "river delta silt gravel bank flood meander terrace levee channel sand clay estuary ford reed current".split()
NAMES = ["Amara", "Bjørn", "Chloé", "Dmitri", "Elif", "Farid", "Giulia", "Hanako", "Ines", "João", "Köksal", "李娜"]
COUNTRIES = ["DE", "FR", "IN", "JP", "KE", "MX", "NO", "PL", "TR", "US"]
TAGS = ["b2b", "fragile", "gift", "new", "pickup", "returning", "sale"]

STRING = {"type": ["null", "string"]}
INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
BOOLEAN = {"type": ["null", "boolean"]}
DATE = {"type": ["null", "string"], "format": "date"}
TIMESTAMP = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}

Schema = dict[str, Any]
Record = dict[str, Any]
Message = dict[str, Any]


def object_of(**properties: Schema) -> Schema:
    return {"type": ["null", "object"], "properties": properties}


def array_of(items: Schema) -> Schema:
    return {"type": ["null", "array"], "items": items}


def moment(random: Random, number: int) -> str:
    """A timestamp that grows with the record's number, so that a record that comes again is the newer one."""
    return (BEGINNING + timedelta(seconds=number, microseconds=random.randrange(1_000_000))).isoformat()


def sentence(random: Random, words: int) -> str:
    """Words, now and then with what JSON has to escape."""
    text = " ".join(random.choices(WORDS, k=words))
    return f'{text}\n"{text}"\t\\' if random.random() < 0.05 else text


def price(random: Random) -> float:
    return round(random.uniform(0.5, 900), 2)


def flat(random: Random, number: int, key: int) -> Record:
    name = random.choice(NAMES)
    return {
        "id": key,
        "updated_at": moment(random, number),
        "name": name,
        "email": f"{name.lower()}.{key}@example.com",
        "country": random.choice(COUNTRIES),
        "visits": random.randrange(10_000),
        "score": random.random(),
        "balance": price(random),
        "active": random.random() < 0.7,
        "born_on": (BEGINNING - timedelta(days=random.randrange(7_000, 30_000))).date().isoformat(),
        "referrer": random.choice([None, "search", "newsletter", "partner"]),
        "note": sentence(random, 12),
    }


def nested(random: Random, number: int, key: int) -> Record:
    def discount() -> Record:
        return {"code": f"{random.choice(WORDS)}{random.randrange(50)}", "percent": random.choice([5, 10, 15, 25])}

    def line_item(position: int) -> Record:
        return {
            "id": key * 10 + position,
            "sku": f"{random.choice(WORDS)}-{random.randrange(5_000):04}",
            "title": sentence(random, 4),
            "quantity": random.randrange(1, 9),
            "price": price(random),
            "discounts": [discount() for _ in range(random.randrange(3))],
        }

    name = random.choice(NAMES)
    return {
        "id": key,
        "updated_at": moment(random, number),
        "number": f"SO-{key:09}",
        "currency": random.choice(["EUR", "JPY", "USD"]),
        "total": price(random),
        "customer": {
            "id": random.randrange(100_000),
            "name": name,
            "email": f"{name.lower()}@example.com",
            "address": {
                "street": sentence(random, 2),
                "city": random.choice(WORDS).title(),
                "country": random.choice(COUNTRIES),
            },
        },
        "line_items": [line_item(position) for position in range(random.randrange(1, 7))],
        "tags": random.sample(TAGS, random.randrange(4)),
        "note": random.choice([None, sentence(random, 10)]),
    }


def wide(random: Random, number: int, key: int) -> Record:
    record: Record = {"id": key, "updated_at": moment(random, number)}
    for position in range(WIDE_COLUMNS - 2):
        chance = random.random()
        if chance < 0.3:
            continue
        if chance < 0.6:
            record[wide_name(position)] = None
        else:
            record[wide_name(position)] = WIDE_VALUES[position % len(WIDE_VALUES)](random)
    return record


def wide_name(position: int) -> str:
    return f"custom_{WORDS[position % len(WORDS)]}_{position:03}"


WIDE_VALUES: list[Callable[[Random], Any]] = [
    lambda random: random.choice(WORDS),
    lambda random: random.randrange(1_000_000),
    price,
    lambda random: random.random() < 0.5,
    lambda random: moment(random, random.randrange(10_000_000)),
]
WIDE_KINDS = [STRING, INTEGER, NUMBER, BOOLEAN, TIMESTAMP]


class Profile(NamedTuple):
    """A stream and how to make the record with a key, as the one of a number in the stream."""

    stream: str
    properties: dict[str, Schema]
    record: Callable[[Random, int, int], Record]


PROFILES = {
    "flat": Profile(
        "visitors",
        {
            "id": INTEGER,
            "updated_at": TIMESTAMP,
            "name": STRING,
            "email": STRING,
            "country": STRING,
            "visits": INTEGER,
            "score": NUMBER,
            "balance": NUMBER,
            "active": BOOLEAN,
            "born_on": DATE,
            "referrer": STRING,
            "note": STRING,
        },
        flat,
    ),
    "nested": Profile(
        "orders",
        {
            "id": INTEGER,
            "updated_at": TIMESTAMP,
            "number": STRING,
            "currency": STRING,
            "total": NUMBER,
            "customer": object_of(
                id=INTEGER,
                name=STRING,
                email=STRING,
                address=object_of(street=STRING, city=STRING, country=STRING),
            ),
            "line_items": array_of(
                object_of(
                    id=INTEGER,
                    sku=STRING,
                    title=STRING,
                    quantity=INTEGER,
                    price=NUMBER,
                    discounts=array_of(object_of(code=STRING, percent=NUMBER)),
                )
            ),
            "tags": array_of(STRING),
            "note": STRING,
        },
        nested,
    ),
    "wide": Profile(
        "contacts",
        {"id": INTEGER, "updated_at": TIMESTAMP}
        | {wide_name(position): WIDE_KINDS[position % len(WIDE_KINDS)] for position in range(WIDE_COLUMNS - 2)},
        wide,
    ),
}


def catalog(profile: str, mode: str) -> dict[str, Any]:
    """The configured catalog of one profile in one destination sync mode."""
    stream, properties, _ = PROFILES[profile]
    return {
        "streams": [
            {
                "stream": {
                    "name": stream,
                    "json_schema": {"type": "object", "properties": properties},
                    "supported_sync_modes": ["full_refresh", "incremental"],
                },
                "sync_mode": "full_refresh" if mode == "overwrite" else "incremental",
                "destination_sync_mode": mode,
                "cursor_field": ["updated_at"],
                "primary_key": [["id"]],
            }
        ]
    }


def messages(profile: str, records: int, seed: int) -> Iterator[Message]:
    """What a source would say at first: new records, now and then one that comes again."""
    random = Random(f"{profile} {seed}")

    def keys() -> Iterator[int]:
        for number in range(records):
            again = number > 0 and random.random() < UPDATED_SHARE
            yield random.randrange(number) if again else number

    return messages_of_keys(profile, random, keys())


def messages_of_keys(profile: str, random: Random, keys: Iterable[int], first: int = 0) -> Iterator[Message]:
    """A record of each key in turn, the first as if it were the stream's record of this number, with states between
    them, in STREAM_STATUS brackets.
    """
    stream, _, make = PROFILES[profile]
    emitted_at = int(BEGINNING.timestamp() * 1000)

    def status(name: str) -> Message:
        trace = {"stream_descriptor": {"name": stream}, "status": name}
        return {"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": emitted_at, "stream_status": trace}}

    def state(position: int) -> Message:
        of_stream = {"stream_descriptor": {"name": stream}, "stream_state": {"position": position}}
        return {"type": "STATE", "state": {"type": "STREAM", "stream": of_stream}}

    yield status("STARTED")
    number = first
    for number, key in enumerate(keys, first):
        data = make(random, number, key)
        yield {"type": "RECORD", "record": {"stream": stream, "data": data, "emitted_at": emitted_at + number}}
        if (number + 1) % RECORDS_PER_STATE == 0:
            yield state(number + 1)
    yield state(number + 1)
    yield status("COMPLETE")


def line(message: Message) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(path: Path, profile: str, records: int, seed: int) -> None:
    """Writes a profile's messages to a file, one a line; a file that is there is the right one."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("w", encoding="utf-8") as file:
        for message in messages(profile, records, seed):
            file.write(line(message))
    unfinished.rename(path)
