"""Streams of Airbyte messages to measure with: the same seed gives the same bytes on every machine."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any, TextIO

from profiles import PROFILES
from profiles.profile import BEGINNING

RECORDS_PER_STATE = 10_000
# This share of the records are newer versions of records that came before: what append_dedup has to merge.
UPDATED_SHARE = 0.2
EMITTED_AT = int(BEGINNING.timestamp() * 1000)


def catalog(profile: str, mode: str) -> dict[str, Any]:
    """The configured catalog of one profile in one destination sync mode."""
    stream, properties = PROFILES[profile].stream, PROFILES[profile].properties
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


class Source:
    """A stream that goes on: each part of its records is later than those before, and updates some of them."""

    def __init__(self, profile: str, seed: int) -> None:
        self.profile = PROFILES[profile]
        self.random = Random(f"{profile} {seed}")
        self.made = 0
        self.keys = 0

    def bodies(self, records: int) -> Iterator[str]:
        """The next records, some of them of keys that are there, as JSON."""
        return self.bodies_of(self.next_keys(records))

    def next_keys(self, records: int) -> Iterator[int]:
        for _ in range(records):
            if self.keys and self.random.random() < UPDATED_SHARE:
                yield self.random.randrange(self.keys)
            else:
                yield self.keys
                self.keys += 1

    def bodies_of(self, keys: Iterable[int]) -> Iterator[str]:
        """A record of each key in turn, as JSON."""
        for key in keys:
            yield self.profile.body(self.random, self.made, key)
            self.made += 1

    def messages(self, bodies: Iterable[str]) -> Iterator[str]:
        """Records as lines of messages, with states between them, in STREAM_STATUS brackets."""
        stream = self.profile.stream

        def state() -> str:
            of_stream = {"stream_descriptor": {"name": stream}, "stream_state": {"position": self.made}}
            return line({"type": "STATE", "state": {"type": "STREAM", "stream": of_stream}})

        yield status(stream, "STARTED")
        for count, body in enumerate(bodies, 1):
            emitted_at = EMITTED_AT + self.made
            yield f'{{"type":"RECORD","record":{{"stream":"{stream}","emitted_at":{emitted_at},"data":{body}}}}}\n'
            if count % RECORDS_PER_STATE == 0:
                yield state()
        yield state()
        yield status(stream, "COMPLETE")


def status(stream: str, name: str) -> str:
    """The line that says how far a source is with a stream."""
    trace = {"stream_descriptor": {"name": stream}, "status": name}
    return line({"type": "TRACE", "trace": {"type": "STREAM_STATUS", "emitted_at": EMITTED_AT, "stream_status": trace}})


def line(message: dict[str, Any]) -> str:
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")) + "\n"


def write(profile: str, records: int, seed: int, first: Path, plain: Path, later: Path, later_records: int) -> None:
    """Writes a source's first messages, the same records without messages around them, and the messages that come later;
    files that are there are the right ones.
    """
    if later.exists():
        return
    first.parent.mkdir(parents=True, exist_ok=True)
    source = Source(profile, seed)
    unfinished = later.with_suffix(".unfinished")
    with open_text(first) as messages, open_text(plain) as bodies:
        messages.writelines(source.messages(noted(source.bodies(records), bodies)))
    with open_text(unfinished) as messages:
        messages.writelines(source.messages(source.bodies(later_records)))
    unfinished.rename(later)


def open_text(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", newline="\n", buffering=1 << 20)


def noted(bodies: Iterable[str], file: TextIO) -> Iterator[str]:
    for body in bodies:
        file.write(body + "\n")
        yield body
