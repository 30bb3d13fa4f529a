"""How many rows each table has when every record has landed, counted from the messages themselves."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from profiles import PROFILES
from profiles.profile import Schema

Rows = dict[str, int]


def write(path: Path, profile: str, parts: list[tuple[str, Path]]) -> None:
    """Counts once, after each of the parts that follow each other, for syncs that add and for syncs that keep the newest
    record of each key; a file that is there is the right one.
    """
    if path.exists():
        return
    stream, properties = PROFILES[profile].stream, PROFILES[profile].properties
    names = [stream, *tables(stream, properties)]
    every: Counter[str] = Counter()
    # The records of a key come in the order of their cursor.
    newest: dict[int, tuple[int, ...]] = {}
    counts: dict[str, dict[str, Rows]] = {"append": {}, "append_dedup": {}}
    for part, source in parts:
        for record in records(source):
            rows = Counter([stream, *child_rows(stream, properties, record)])
            every.update(rows)
            newest[record["id"]] = tuple(rows[name] for name in names)
        raw = {raw_table(stream): every[stream]}
        live = {name: sum(rows) for name, rows in zip(names, zip(*newest.values()), strict=True)}
        counts["append"][part] = raw | {name: every[name] for name in names}
        counts["append_dedup"][part] = raw | live
    path.write_text(json.dumps(counts), encoding="utf-8")


def read(path: Path, mode: str, part: str, raw: bool) -> Rows:
    """What is expected after syncs in a mode up to a part, the first into new tables."""
    rows = json.loads(path.read_text(encoding="utf-8"))["append_dedup" if mode == "append_dedup" else "append"][part]
    return {table: count for table, count in rows.items() if raw or not is_raw(table)}


def raw_table(stream: str) -> str:
    return f"_airbyte_raw_{stream}"


def is_raw(table: str) -> bool:
    return table.startswith(raw_table(""))


def records(source: Path) -> Iterator[dict[str, Any]]:
    with source.open(encoding="utf-8") as lines:
        for message in map(json.loads, lines):
            if message["type"] == "RECORD":
                yield message["record"]["data"]


def is_table(schema: Schema) -> bool:
    return "properties" in schema or "properties" in schema.get("items", {})


def tables(parent: str, properties: dict[str, Schema]) -> Iterator[str]:
    """The child tables below a table."""
    for name, schema in properties.items():
        if is_table(schema):
            child = f"{parent}_{name}"
            yield child
            yield from tables(child, schema.get("items", schema)["properties"])


def array_tables(parent: str, properties: dict[str, Schema]) -> Iterator[str]:
    """Those of the child tables that hold the elements of arrays."""
    for name, schema in properties.items():
        if is_table(schema):
            child = f"{parent}_{name}"
            if "items" in schema:
                yield child
            yield from array_tables(child, schema.get("items", schema)["properties"])


def child_rows(parent: str, properties: dict[str, Schema], record: dict[str, Any]) -> Iterator[str]:
    """The table of each row that a record has below its own: one per object, one per element of an array."""
    for name, schema in properties.items():
        if is_table(schema) and (value := record.get(name)) is not None:
            child = f"{parent}_{name}"
            elements: Iterable[dict[str, Any]] = value if isinstance(value, list) else [value]
            for element in elements:
                yield child
                yield from child_rows(child, schema.get("items", schema)["properties"], element)
