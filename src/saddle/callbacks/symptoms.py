"""Symptoms of common failures of adversarial training in the readings of a run."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, PositiveInt

Share = Annotated[float, Field(gt=0, lt=1)]


class Symptoms:
    """Detects what commonly goes wrong in adversarial training and reports each symptom once.

    The state is a function of the readings so far, in their order: the readings before a run was resumed restore it.

    Args:
        window: number of updates that a symptom must persist, in all readings, before it is reported.
        vanished: fraction of its largest norm so far below which G's gradient counts as vanished.
        collapsed: fraction of the variance of real features below which G counts as collapsed.
    """

    def __init__(self, *, window: PositiveInt, vanished: Share, collapsed: Share) -> None:
        self.window, self.vanished, self.collapsed = window, vanished, collapsed
        self._largest = 0.0
        self._since: dict[str, int] = {}  # symptom -> first update of the current uninterrupted stretch
        self._reported: set[str] = set()

    def check(self, updates: int, readings: Mapping[str, float], diversity: float | None) -> list[str]:
        """New warnings, with advice, after the readings at `updates`.

        `diversity` is the variance of generated features over that of real ones; None without an evaluation.
        """
        warnings = [
            self._saturated(updates, readings),
            self._vanished(updates, readings),
            self._collapsed(updates, diversity),
        ]
        return [warning for warning in warnings if warning is not None]

    def _saturated(self, updates: int, readings: Mapping[str, float]) -> str | None:
        if "accuracy_real" not in readings:
            return None
        present = readings["accuracy_real"] == readings["accuracy_fake"] == 1
        since = self._lasting("saturated", updates, present)
        return since and (
            f"D is saturated: it has classified all reals and fakes correctly since update {since}, and its loss gives "
            "G little information. Smooth D (a penalty such as penalty=r1, dcgan's norm=spectral), slow it down "
            "(optimizer.discriminator.lr), or give it fewer steps (d_steps)"
        )

    def _vanished(self, updates: int, readings: Mapping[str, float]) -> str | None:
        if (
            not {"gradient_generator", "gradient_discriminator"} <= readings.keys()
        ):  # a G that learns alone may converge
            return None
        norm = readings["gradient_generator"]
        self._largest = max(self._largest, norm)
        since = self._lasting("vanished", updates, norm < self.vanished * self._largest)
        return since and (
            f"G's gradient has vanished: since update {since} its norm is below {self.vanished:g} of its largest "
            f"({norm:.2g} against {self._largest:.2g}), so G hardly moves. Where D wins, minimax's gradient vanishes "
            "and nonsaturating's does not; with any loss a smoother D helps (penalty=r1)"
        )

    def _collapsed(self, updates: int, diversity: float | None) -> str | None:
        if diversity is None or not updates:  # before the first update every generator draws one image
            return None
        since = self._lasting("collapsed", updates, diversity < self.collapsed)
        return since and (
            f"G has collapsed: since update {since} the variance of its images is below {self.collapsed:g} of that of "
            f"real ones (now {diversity:.2g}). Look at the grids; try a smaller learning rate, a larger batch_size, or "
            "in a game a smoother D"
        )

    def _lasting(self, symptom: str, updates: int, present: bool) -> str | None:
        """The update since which the symptom is present, once, when it has persisted for `window` updates."""
        if not present:
            self._since.pop(symptom, None)
            return None
        since = self._since.setdefault(symptom, updates)
        if symptom in self._reported or updates - since < self.window:
            return None
        self._reported.add(symptom)
        return f"{since:,}"
