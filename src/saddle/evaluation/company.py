"""The extractors that an evaluation uses besides a run's own, as far as they can be had."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from saddle.config import instantiate
from saddle.config.keys import CONF, groups
from saddle.config.messages import listing, meant, nearest
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
    """The members `names` of conf/extractor; `weights` is a file for one of them.

    Raises:
        ValueError: there is no such member, or the file holds other weights.
        FileNotFoundError: there is no such file.
    """
    extractors: list[Extractor] = []
    missing: dict[str, str] = {}
    for name in names:
        try:
            extractors.append(_built(name, weights))
        except MissingWeightsError as error:
            missing[Inception.frechet_name] = str(error)
    return Company(extractors, missing)


def _built(name: str, weights: str | None) -> Extractor:
    """The member `name` of conf/extractor, with other weights than its own if a file is given."""
    members = groups(CONF)["extractor"]
    if name not in members:
        raise ValueError(
            f"extractor={name}: there is no such member{meant(nearest(name, members))}; there are "
            f"{listing(members, 'and')}"
        )
    node = DictConfig(OmegaConf.load(CONF / "extractor" / f"{name}.yaml"))
    if weights is not None:
        node.weights = weights
    return instantiate(node)
