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
    """Extractors whose weights are available, and what cannot be measured without the others.

    Attributes:
        extractors: the available ones.
        missing: for each of the others the name of its Frechet distance -> why it cannot be measured.
    """

    extractors: Sequence[Extractor]
    missing: Mapping[str, str]

    def different_from(self, own: Extractor) -> list[Extractor]:
        """Those whose metrics have other names than the metrics on a run's own extractor.

        Raises:
            ValueError: one has the same name but other weights, so two numbers would have one name.
        """
        for one in self.extractors:
            if one.frechet_name == own.frechet_name and one.digest != own.digest:
                raise ValueError(
                    f"extractor.weights: the run itself was measured as {own.frechet_name} with other weights "
                    f"({own.digest}, these are {one.digest}): two numbers would have one name"
                )
        return [one for one in self.extractors if one.frechet_name != own.frechet_name]


def extra_extractors(names: Sequence[str], weights: str | None) -> ExtraExtractors:
    """The options `names` of conf/extractor; `weights` is a file for a single one of them.

    Raises:
        ValueError: the file holds weights of another network.
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
