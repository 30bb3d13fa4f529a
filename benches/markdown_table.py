"""Figures in a Markdown table whose rows are printed as they come, in columns that line up."""

from collections.abc import Mapping

WIDTH = 9


class MarkdownTable:
    """Texts stand left, numbers right; what was not measured is a dash."""

    def __init__(self, texts: Mapping[str, int], numbers: Mapping[str, int]) -> None:
        """Titles, of texts with their width, of numbers with their decimals."""
        self.texts = texts
        self.numbers = numbers
        self.print([*texts, *numbers])
        rules = ["-" * width for width in self.widths()[: len(texts)]]
        rules += ["-" * (width - 1) + ":" for width in self.widths()[len(texts) :]]
        self.print(rules)

    def row(self, texts: list[str], figures: Mapping[str, float | None]) -> None:
        """One row, its numbers by their titles; those that the table does not show may be there too."""
        figures_or_none = [(figures.get(title), places) for title, places in self.numbers.items()]
        self.print([*texts, *("–" if n is None else f"{n:,.{places}f}" for n, places in figures_or_none)])

    def widths(self) -> list[int]:
        texts = [max(len(title), width) for title, width in self.texts.items()]
        return texts + [max(len(title), WIDTH) for title in self.numbers]

    def print(self, cells: list[str]) -> None:
        padded = [
            f"{cell:{width}}" if position < len(self.texts) else f"{cell:>{width}}"
            for position, (cell, width) in enumerate(zip(cells, self.widths(), strict=True))
        ]
        print("|", " | ".join(padded), "|", flush=True)
