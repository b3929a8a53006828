"""The extractors that an evaluation uses besides a run's own, as far as they can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from saddle.building import build_extractor
from saddle.metrics.extractor import Extractor
from saddle.metrics.inception import Inception
from saddle.metrics.inception_weights import MissingWeightsError


@dataclass(frozen=True)
class Company:
    """Extractors that are there, and metrics that cannot be measured without the others.

    Attributes:
        extractors: those that could be had.
        missing: for the others the name of their Frechet distance, and why it cannot be measured.
    """

    extractors: Sequence[Extractor]
    missing: Mapping[str, str]


def company(names: Sequence[str], weights: str | None) -> Company:
    """The members `names` of conf/extractor; with `weights` a file, all of them read that file.

    Raises:
        ValueError: there is no such member, or the file holds other weights.
        FileNotFoundError: there is no such file.
    """
    extractors: list[Extractor] = []
    missing: dict[str, str] = {}
    for name in names:
        try:
            extractors.append(build_extractor(name, weights))
        except MissingWeightsError as error:
            missing[Inception.frechet_name] = str(error)
    return Company(extractors, missing)
