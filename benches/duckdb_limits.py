r"""DuckDB's own SQL for what a sync does, made from a profile's schema.

Types are given, nothing is guessed. The system columns are there, and each row has an id of its own, a hash of its parent's
id and of where it is, as a sync gives it. Nothing is checked or noted, so these statements do a little less than a sync.
"""

import json
from collections.abc import Iterator

from expected_rows import is_table, raw_table
from profiles import PROFILES
from profiles.profile import Schema

TYPES = {"string": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "number": "DOUBLE"}
TYPES |= {"date": "DATE", "date-time": "TIMESTAMPTZ"}
META = """'{"sync_id":null,"changes":[]}'::JSON"""
COPIED = "_airbyte_ab_id, _airbyte_emitted_at"


def sql_type(schema: Schema) -> str:
    kind = schema["type"][1]
    if kind == "object":
        return "STRUCT(" + ", ".join(f'"{name}" {sql_type(part)}' for name, part in schema["properties"].items()) + ")"
    if kind == "array":
        return sql_type(schema["items"]) + "[]"
    return TYPES[schema.get("format", kind)]


def json_type(schema: Schema) -> object:
    """A type as `from_json` wants it."""
    kind = schema["type"][1]
    if kind == "object":
        return {name: json_type(part) for name, part in schema["properties"].items()}
    return [json_type(schema["items"])] if kind == "array" else sql_type(schema)


def text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def read_json(profile: str, file: str) -> str:
    """The records' properties into one table, what is nested as structs and lists."""
    stream, properties = PROFILES[profile].stream, PROFILES[profile].properties
    types = ", ".join(f'"{name}": {text(sql_type(schema))}' for name, schema in properties.items())
    read = f"read_json({text(file)}, format = 'newline_delimited', columns = {{{types}}})"
    return f"CREATE TABLE {stream} AS SELECT * FROM {read};"


def raw(profile: str, file: str) -> str:
    """The raw table from the messages."""
    record = "STRUCT(stream VARCHAR, emitted_at BIGINT, data JSON)"
    read = f"read_json({text(file)}, format = 'newline_delimited', columns = {{type: 'VARCHAR', record: {text(record)}}})"
    system = "uuidv7() AS _airbyte_ab_id, make_timestamptz(record.emitted_at * 1000) AS _airbyte_emitted_at"
    columns = f"{system}, record.data AS _airbyte_data, {META} AS _airbyte_meta, 0::BIGINT AS _airbyte_generation_id"
    stream = PROFILES[profile].stream
    rows = f"SELECT {columns} FROM {read} WHERE type = 'RECORD' AND record.stream = {text(stream)}"
    return f"CREATE TABLE {raw_table(stream)} AS {rows};"


def typed(profile: str) -> str:
    """The typed tables from the raw one, which is parsed once."""
    stream, properties = PROFILES[profile].stream, PROFILES[profile].properties
    types = text(json.dumps({name: json_type(schema) for name, schema in properties.items()}))
    if not any(is_table(schema) for schema in properties.values()):
        row = f"unnest(from_json(_airbyte_data, {types}))"
        records = f"(SELECT *, {hashed('_airbyte_ab_id', text(stream))} AS id FROM {raw_table(stream)})"
        return f"CREATE TABLE {stream} AS SELECT {row}, {system_columns(stream, None)} FROM {records};"
    row = f"{hashed('_airbyte_ab_id', text(stream))} AS id, from_json(_airbyte_data, {types}) AS row"
    record = f"{COPIED}, _airbyte_meta, _airbyte_generation_id, {row}"
    parse = f"CREATE TEMPORARY TABLE parsed AS SELECT {record} FROM {raw_table(stream)};"
    return parse + "".join(tables(stream, None, "parsed", properties, False))


def tables(name: str, parent: str | None, rows: str, properties: dict[str, Schema], is_array: bool) -> Iterator[str]:
    """Statements for a table and those below it. `rows` is a relation with its objects as `row`."""
    columns = [column(path, schema) for path, schema in properties.items() if not is_table(schema)]
    columns.append(system_columns(name, parent) + (", _airbyte_position" if is_array else ""))
    yield f"CREATE TABLE {name} AS SELECT {', '.join(columns)} FROM {rows};"
    for path, schema in properties.items():
        if is_table(schema):
            array = "items" in schema
            position = f', generate_subscripts(row."{path}", 1) - 1 AS _airbyte_position' if array else ""
            inner = f'unnest(row."{path}")' if array else f'row."{path}"'
            where = f'row."{path}" IS NOT NULL'
            below = f"SELECT {COPIED}, id AS parent_id, {inner} AS row{position} FROM {rows} WHERE {where}"
            place = f"'/{path}/' || _airbyte_position" if array else f"'/{path}'"
            below = f"(SELECT *, {hashed('parent_id', place)} AS id FROM ({below}))"
            inside = schema.get("items", schema)["properties"]
            yield from tables(f"{name}_{path}", name, below, inside, array)


def column(name: str, schema: Schema) -> str:
    value = f'row."{name}"'
    return f"array_to_string({value}, ',') AS \"{name}\"" if schema["type"][1] == "array" else f'{value} AS "{name}"'


def system_columns(table: str, parent: str | None) -> str:
    columns = f"{COPIED}, now() AS _airbyte_normalized_at, id AS _airbyte_{table}_hashid"
    return columns + (f", parent_id AS _airbyte_{parent}_hashid" if parent else ", _airbyte_meta, _airbyte_generation_id")


def hashed(id: str, place: str) -> str:
    """The id of the row at a place below the one with another id. DuckDB has no faster hash of 128 bits."""
    return f"md5({id}::VARCHAR || {place})::UUID"
