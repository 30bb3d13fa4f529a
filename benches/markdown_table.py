"""Figures in a Markdown table whose rows are printed as they come, in columns that line up."""

from collections.abc import Mapping

from marks import Mark, verdicts

WIDTH = 9


class MarkdownTable:
    """Texts stand left, numbers right; what was not measured is a dash. Where there are marks, the last column says of
    each row's which are reached.
    """

    def __init__(self, texts: Mapping[str, int], numbers: Mapping[str, int], marks: list[Mark] | None = None) -> None:
        """Titles, of texts with their width, of numbers with their decimals."""
        self.texts = texts
        self.numbers = numbers
        self.marks = marks
        last = [] if marks is None else ["marks"]
        self.print([*texts, *numbers, *last])
        rules = ["-" * width for width in self.widths()[: len(texts)]]
        rules += ["-" * (width - 1) + ":" for width in self.widths()[len(texts) :]]
        self.print([*rules, *("-" * len(title) for title in last)])

    def row(self, texts: list[str], figures: Mapping[str, float | None], is_marked: bool = True) -> None:
        """One row, its numbers by their titles; those that the table does not show may be there too."""
        figures_or_none = [(figures.get(title), places) for title, places in self.numbers.items()]
        numbers = ["–" if n is None else f"{n:,.{places}f}" for n, places in figures_or_none]
        row = dict(zip(self.texts, texts, strict=True))
        last = [] if self.marks is None else [", ".join(verdicts(self.marks, row, figures)) if is_marked else ""]
        self.print([*texts, *numbers, *last])

    def widths(self) -> list[int]:
        texts = [max(len(title), width) for title, width in self.texts.items()]
        return texts + [max(len(title), WIDTH) for title in self.numbers]

    def print(self, cells: list[str]) -> None:
        widths = self.widths()
        padded = [
            f"{cell:{width}}" if position < len(self.texts) else f"{cell:>{width}}"
            for position, (cell, width) in enumerate(zip(cells, widths, strict=False))
        ]
        print("|", " | ".join([*padded, *cells[len(widths) :]]), "|", flush=True)
