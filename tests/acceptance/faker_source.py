"""Lands airbyte-source-faker twice, the second time from the state that the first acknowledged.

Usage: faker_source.py BINARY SOURCE

What has to be in the database is found out from the messages on their way, not from the binary's own report.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import duckdb

USERS = 1_000
# `always_updated`: the second sync sends every record again, with a later `updated_at`.
SOURCE_CONFIG = {"count": USERS, "seed": 42, "parallelism": 1, "records_per_slice": 250, "always_updated": True}
SYNCS = (1, 2)

Message = dict[str, Any]


def main() -> None:
    binary, source = map(Path, sys.argv[1:])
    for mode in ("append", "append_dedup"):
        with tempfile.TemporaryDirectory(prefix="alluvium-faker-") as directory:
            land_twice(binary, source, mode, Path(directory))
        print(f"faker, {mode}: landed twice")


def land_twice(binary: Path, source: Path, mode: str, directory: Path) -> None:
    """Two syncs of every stream, and what the database holds after them."""
    database = directory / "faker.duckdb"
    source_config = save(directory / "source.json", SOURCE_CONFIG)
    config = save(directory / "config.json", {"destination_path": str(database)})
    streams = discover([source, "discover", "--config", source_config])
    emitted: dict[str, list[Message]] = defaultdict(list)
    state: dict[str, Message] = {}

    for sync in SYNCS:
        catalog = save(directory / "catalog.json", configured(streams, mode, sync))
        read = [source, "read", "--config", source_config, "--catalog", catalog]
        if state:
            read += ["--state", save(directory / "state.json", list(state.values()))]
        check = subprocess.run([binary, "check", "--config", config], capture_output=True, text=True, check=True)
        expect(True, "SUCCEEDED" in check.stdout, "check")
        write = [binary, "write", "--config", config, "--catalog", catalog]

        messages, answers = pipe(read, write, directory / "stdout.jsonl")
        records, states = of_type(messages, "RECORD"), of_type(messages, "STATE")
        for record in records:
            emitted[record["stream"]].append(record["data"])
        expect({stream["name"] for stream in streams}, set(emitted), "streams with records")
        check_states(states, of_type(answers, "STATE"), Counter(record["stream"] for record in records))
        state = {
            s["stream"]["stream_descriptor"]["name"]: s for s in map(without_statistics, of_type(answers, "STATE"))
        }

    check_tables(database, emitted, mode)


def pipe(read: list[Any], write: list[Any], answers: Path) -> tuple[list[Message], list[Message]]:
    """`read | write`, listened to."""
    messages = []
    with answers.open("wb") as stdout:
        source = subprocess.Popen(read, stdout=subprocess.PIPE)
        destination = subprocess.Popen(write, stdin=subprocess.PIPE, stdout=stdout)
        for line in source.stdout:
            messages.append(json.loads(line))
            destination.stdin.write(line)
        destination.stdin.close()
        expect(0, source.wait(), "the source's exit code")
        expect(0, destination.wait(), f"exit code; {answers.read_text(encoding='utf-8')[-2000:]}")
    return messages, [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]


def check_states(sent: list[Message], echoed: list[Message], records: Counter) -> None:
    """Every state comes back whole and in order, and vouches for all records of its stream together."""
    expect(sent, [without_statistics(state, keep_source=True) for state in echoed], "states")
    vouched: Counter = Counter()
    for state in echoed:
        vouched[state["stream"]["stream_descriptor"]["name"]] += int(state["destinationStats"]["recordCount"])
    expect(dict(records), dict(+vouched), "records that the states vouch for")


def check_tables(database: Path, emitted: dict[str, list[Message]], mode: str) -> None:
    """Rows of root, child and raw tables; in append_dedup the newest record of each key."""
    with duckdb.connect(str(database), read_only=True) as connection:

        def count(table: str) -> int:
            return connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]

        for stream, datas in emitted.items():
            live = list({data["id"]: data for data in datas}.values()) if mode == "append_dedup" else datas
            expect(len(datas), count(f"_airbyte_raw_{stream}"), f"raw rows of {stream}")
            expect(len(live), count(stream), f"rows of {stream}")
            rows = connection.execute(f'SELECT id, epoch_us(updated_at) FROM "{stream}" ORDER BY ALL').fetchall()
            expect(sorted((data["id"], microseconds(connection, data["updated_at"])) for data in live), rows, stream)
            changed = f"""SELECT count(*) FROM "{stream}" WHERE json_array_length(_airbyte_meta, '$.changes') > 0"""
            expect(0, connection.execute(changed).fetchone()[0], f"rows of {stream} with changes")
            if stream == "users":
                addresses = connection.execute(
                    "SELECT u.id, a.city FROM users u JOIN users_address a USING (_airbyte_users_hashid) ORDER BY ALL"
                ).fetchall()
                expect(sorted((data["id"], data["address"]["city"]) for data in live), addresses, "addresses")


def microseconds(connection: duckdb.DuckDBPyConnection, timestamp: str) -> int:
    return connection.execute("SELECT epoch_us(?::TIMESTAMPTZ)", [timestamp]).fetchone()[0]


def discover(command: list[Any]) -> list[Message]:
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return next(m["catalog"] for m in map(json.loads, output.splitlines()) if m["type"] == "CATALOG")["streams"]


def configured(streams: list[Message], mode: str, sync: int) -> Message:
    """All streams, incremental, as the platform configures them: with generations, of which nothing is replaced."""
    return {
        "streams": [
            {
                "stream": stream,
                "sync_mode": "incremental",
                "destination_sync_mode": mode,
                "cursor_field": stream["default_cursor_field"],
                "primary_key": stream["source_defined_primary_key"],
                "generation_id": 1,
                "minimum_generation_id": 0,
                "sync_id": sync,
            }
            for stream in streams
        ]
    }


def of_type(messages: list[Message], name: str) -> list[Message]:
    return [message[name.lower()] for message in messages if message["type"] == name]


def without_statistics(state: Message, *, keep_source: bool = False) -> Message:
    """A state without what destinations add to it, and unless it is kept, without what sources do."""
    added = {"destinationStats"} if keep_source else {"destinationStats", "sourceStats"}
    return {key: value for key, value in state.items() if key not in added}


def save(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def expect(expected: Any, found: Any, what: str) -> None:
    if expected != found:
        sys.exit(f"{what}: expected {str(expected)[:1000]}, found {str(found)[:1000]}")


if __name__ == "__main__":
    main()
