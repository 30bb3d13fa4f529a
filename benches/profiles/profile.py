"""What a profile says of itself, and the words that schemas are made of."""

from datetime import datetime, timezone
from random import Random
from typing import Any, Protocol

Schema = dict[str, Any]

STRING = {"type": ["null", "string"]}
INTEGER = {"type": ["null", "integer"]}
NUMBER = {"type": ["null", "number"]}
BOOLEAN = {"type": ["null", "boolean"]}
DATE = {"type": ["null", "string"], "format": "date"}
TIMESTAMP = {"type": ["null", "string"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"}

# The record of a number was updated so many seconds later: a record that comes again is the newer one.
BEGINNING = datetime(2025, 3, 1, tzinfo=timezone.utc)


def object_of(**properties: Schema) -> Schema:
    return {"type": ["null", "object"], "properties": properties}


def array_of(items: Schema) -> Schema:
    return {"type": ["null", "array"], "items": items}


class Profile(Protocol):
    """A stream with a key `id` and a cursor `updated_at`. The records that it is made of fragments keep no more of
    their memory than those, which are made when the first record is.
    """

    stream: str
    properties: dict[str, Schema]
    # Of a size's records, as many are this profile's: so each takes about as long.
    share: float

    def body(self, random: Random, number: int, key: int) -> str:
        """JSON text of the record with a key, as the one of a number in the stream."""
