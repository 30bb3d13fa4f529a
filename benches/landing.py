"""The syncs that are measured: in which mode, into what, with or without raw tables."""

from pathlib import Path
from typing import Any, NamedTuple

from case import Case, Part
from sync import Run, sync

MODES = ["append", "overwrite", "append_dedup"]


class Landing(NamedTuple):
    mode: str
    # `first` into new tables; `later` into tables that the first part filled in the same mode.
    part: str
    # `keep` or `none`.
    raw: str

    def land(self, binary: Path, case: Case, config: dict[str, Any], part: str | None = None) -> Run:
        """Lands a part, its own unless another is told."""
        of_case: Part = getattr(case, part or self.part)
        config = config | {"normalization": config.get("normalization", {}) | {"raw": self.raw}}
        return sync(binary, config, case.catalog(self.mode), of_case.source, of_case.records)

    def check(self, case: Case, rows: dict[str, int]) -> None:
        case.check(rows, self.mode, self.part, self.raw == "keep")


def landings(modes: list[str], raws: list[str]) -> list[Landing]:
    """All that there are in these modes. What overwrites is landed once: its tables are new, or replaced by new ones."""
    every = [(mode, part) for mode in modes for part in ["first", "later"] if (mode, part) != ("overwrite", "later")]
    return [Landing(mode, part, raw) for raw in raws for mode, part in every]
