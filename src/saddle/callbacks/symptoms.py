"""What the readings of a run say about its health."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, PositiveInt

Share = Annotated[float, Field(gt=0, lt=1)]


class Symptoms:
    """Finds what commonly goes wrong in adversarial training, each thing once.

    It knows nothing but the readings of the run, in their order: whoever shows it those of an earlier part of a run
    brings it to where it was.

    Args:
        window: updates that a symptom must last, in all readings, before it is told.
        vanished: G's gradient counts as vanished below this share of its largest norm so far.
        collapsed: G counts as collapsed where its images have less than this share of the variance of real features.
    """

    def __init__(self, *, window: PositiveInt, vanished: Share, collapsed: Share) -> None:
        self.window, self.vanished, self.collapsed = window, vanished, collapsed
        self._largest = 0.0
        self._since: dict[str, int] = {}  # symptom -> the reading at which it was first seen without a gap
        self._told: set[str] = set()

    def look(self, updates: int, readings: Mapping[str, float]) -> list[str]:
        """What is to be said after the readings at `updates`, for a person, with advice."""
        told = [
            self._saturated(updates, readings),
            self._vanished(updates, readings),
            self._collapsed(updates, readings),
        ]
        return [text for text in told if text is not None]

    def _saturated(self, updates: int, readings: Mapping[str, float]) -> str | None:
        if "accuracy_real" not in readings:
            return None
        present = readings["accuracy_real"] == readings["accuracy_fake"] == 1
        since = self._lasting("saturated", updates, present)
        return since and (
            f"D is saturated: it has told all reals from all fakes since update {since}, and its loss says little to "
            "G. Smooth D (a penalty such as penalty=r1, dcgan's norm=spectral), slow it down "
            "(optimizer.discriminator.lr), or give it fewer steps (d_steps)"
        )

    def _vanished(self, updates: int, readings: Mapping[str, float]) -> str | None:
        if not {"gradient_generator", "gradient_discriminator"} <= readings.keys():  # where G learns alone it may end
            return None
        norm = readings["gradient_generator"]
        self._largest = max(self._largest, norm)
        since = self._lasting("vanished", updates, norm < self.vanished * self._largest)
        return since and (
            f"G's gradient has vanished: since update {since} its norm is below {self.vanished:g} of its largest "
            f"({norm:.2g} against {self._largest:.2g}), so G hardly moves. Where D wins, minimax's gradient vanishes "
            "and nonsaturating's does not; with any loss a smoother D helps (penalty=r1)"
        )

    def _collapsed(self, updates: int, readings: Mapping[str, float]) -> str | None:
        name = next((name for name in readings if name.startswith("diversity_")), None)
        if name is None or not updates:  # before the first update every generator draws one image
            return None
        since = self._lasting("collapsed", updates, readings[name] < self.collapsed)
        return since and (
            f"G has collapsed: since update {since} its images vary by less than {self.collapsed:g} of what real "
            f"ones do ({name} {readings[name]:.2g}). Look at the grids; try a smaller learning rate, a "
            "larger batch_size, in a game a smoother D"
        )

    def _lasting(self, symptom: str, updates: int, present: bool) -> str | None:
        """The update since when it has been there, once, as soon as that is `window` updates ago."""
        if not present:
            self._since.pop(symptom, None)
            return None
        since = self._since.setdefault(symptom, updates)
        if symptom in self._told or updates - since < self.window:
            return None
        self._told.add(symptom)
        return f"{since:,}"
