"""The classes of a labelled set: their names and how often each occurs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True)
class Classes:
    """The classes of the samples that a model is trained on; a label is the index of a class.

    Attributes:
        counts: name -> number of training samples; the order is that of the labels.
    """

    counts: dict[str, int]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def names(self) -> tuple[str, ...]:
        """The names in the order of the labels."""
        return tuple(self.counts)

    def label(self, text: str) -> int:
        """The label of a class by its name or, if no class has that name, by its index from 0.

        If all names are numbers, a number is a name: of the classes 01, 02 and 03, 1 means 01 and not the second.

        Raises:
            ValueError: there is no such class; the message lists the classes.
        """
        if text in self.counts:
            return self.names.index(text)
        if text.isdecimal():
            numbers = [int(name) for name in self.names] if are_numbers(self.names) else list(range(len(self)))
            if int(text) in numbers:
                return numbers.index(int(text))
        known = ", ".join(f"{label} {name}" if name != str(label) else name for label, name in enumerate(self.names))
        raise ValueError(f"there is no class {text}; the model knows {known}")

    @classmethod
    def stored(cls, counts: Mapping[str, object]) -> Self:
        """The classes whose `counts` were written to a file.

        Raises:
            ValueError: the counts are not those of classes.
        """
        checked = {str(name): count for name, count in counts.items() if isinstance(count, int) and count >= 0}
        if len(checked) < len(counts) or not sum(checked.values()):
            raise ValueError("the classes are not a mapping from names to numbers of training samples")
        return cls(checked)


def are_numbers(names: Iterable[str]) -> bool:
    """Whether all names are whole numbers, in which case they are sorted and compared as such."""
    return all(name.isdecimal() for name in names)
