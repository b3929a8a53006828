"""The extractors that an evaluation uses besides a run's own, as far as they can be had."""

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
    """Extractors that are there, and metrics that cannot be measured without the others.

    Attributes:
        extractors: those that could be had.
        missing: for the others the name of their Frechet distance, and why it cannot be measured.
    """

    extractors: Sequence[Extractor]
    missing: Mapping[str, str]

    def besides(self, own: Extractor) -> list[Extractor]:
        """Those that measure something else than a run's own extractor.

        Raises:
            ValueError: one would give another number under the same name.
        """
        for one in self.extractors:
            if one.frechet_name == own.frechet_name and one.digest != own.digest:
                raise ValueError(
                    f"extractor.weights: the run itself was measured as {own.frechet_name} with other weights "
                    f"({own.digest}, these are {one.digest}): two numbers would have one name"
                )
        return [one for one in self.extractors if one.frechet_name != own.frechet_name]


def company(names: Sequence[str], weights: str | None) -> ExtraExtractors:
    """The options `names` of conf/extractor; `weights` is a file for one of them.

    Raises:
        ValueError: the file holds other weights.
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
