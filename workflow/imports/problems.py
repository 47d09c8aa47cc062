"""What is wrong with a file, gathered until all of it is known. A problem never repeats what a cell holds."""

from dataclasses import dataclass, field

from workflow.errors import BadInput

MOST_LISTED = 1000
REFUSED = "nothing was imported: "


@dataclass(slots=True)
class Problems:
    """The problems of one file, in the order met. Only the first 1,000 are kept; the rest are counted."""

    file: str
    count: int = 0
    listed: list[str] = field(default_factory=list)

    def add(self, says: str, *, line: int | None = None, column: str | None = None) -> None:
        where = ", ".join([f"line {line}"] * (line is not None) + [f"column {column}"] * (column is not None))
        self.count += 1
        if len(self.listed) < MOST_LISTED:
            self.listed.append(f"{where}: {says}" if where else says)

    def told(self) -> list[str]:
        """The problems kept, and how many more there are."""
        more = self.count - len(self.listed)
        return [*self.listed, f"and {more:,} more"] if more else self.listed

    def raise_if_any(self) -> None:
        """Raises BadInput with everything found."""
        if self.count:
            things = "one thing is" if self.count == 1 else f"{self.count:,} things are"
            raise BadInput(f"nothing was imported, because {things} wrong in {self.file}", self.told())


def refuse(file: str, says: str) -> BadInput:
    """The error for a file that cannot be read on."""
    return BadInput(f"{REFUSED}{file} {says}")
