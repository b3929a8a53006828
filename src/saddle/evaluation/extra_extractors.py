"""Extractors that an evaluation uses in addition to the run's own, where their weights are available."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from omegaconf import DictConfig, OmegaConf

from saddle.config import instantiate
from saddle.config.keys import option_files
from saddle.metrics.extractors.base import Extractor
from saddle.metrics.extractors.inception import Inception
from saddle.metrics.extractors.inception_weights import MissingWeightsError


@dataclass(frozen=True)
class ExtraExtractors:
    """Extractors whose weights are available, and the metrics that the others would measure.

    Attributes:
        extractors: available extractors.
        missing: name of the Frechet distance of each other extractor -> why it cannot be measured.
    """

    extractors: Sequence[Extractor]
    missing: Mapping[str, str]

    def different_from(self, own: Extractor) -> list[Extractor]:
        """The extractors whose metrics have other names than those of a run's own extractor.

        Raises:
            ValueError: an extractor has the same name but other weights.
        """
        for extra in self.extractors:
            if extra.frechet_name == own.frechet_name and extra.digest != own.digest:
                raise ValueError(
                    f"extractor.weights: the run itself was measured as {own.frechet_name} with other weights "
                    f"({own.digest}, these are {extra.digest}): two numbers would have one name"
                )
        return [extra for extra in self.extractors if extra.frechet_name != own.frechet_name]


def extra_extractors(names: Sequence[str], weights: str | None) -> ExtraExtractors:
    """The options `names` of conf/extractor; `weights` is the weights file of a single option.

    Raises:
        ValueError: the file contains weights of another network.
        FileNotFoundError: there is no such file.
    """
    extractors: list[Extractor] = []
    missing: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            extractors.append(_built(name, weights))
        except MissingWeightsError as error:
            missing[Inception.frechet_name] = str(error)
    return ExtraExtractors(extractors, missing)


def _built(name: str, weights: str | None) -> Extractor:
    node = DictConfig(OmegaConf.load(option_files()["extractor"][name]))
    if weights is not None:
        node.weights = weights
    return instantiate(node)
