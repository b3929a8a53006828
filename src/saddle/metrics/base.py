"""What a metric and an evaluator are: samples in, numbers out, and the protocol under which they were measured."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import signature
from typing import Any

from torch import Tensor

from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.reference import Reference


class Metric(ABC):
    """A number about generated samples, or several numbers that one computation gives.

    A metric is constructed with `real`, the real side that it compares with, and with its own settings. It computes
    what it needs of the real side at the first use and keeps it. It draws nothing from a global generator, and the
    order of the samples, real or generated, does not change its numbers. Its option in `conf/metric` has
    `_partial_: true`, since the evaluator supplies `real`. A concrete metric derives from one of the classes below,
    which say what it computes from.
    """

    needs: str
    """What it computes from; see `PROVIDED` in `saddle.config.rules`."""
    fewest: int = 1
    """The smallest number of samples on each side with which it can be computed."""
    copies_matter: bool = False
    """Whether it looks at pairs or neighbours of samples, so that each sample twice gives other numbers."""

    @property
    @abstractmethod
    def higher_is_better(self) -> Mapping[str, bool]:
        """Name of each number -> whether a larger value is better, the most important number first.

        `compute` may return further numbers, such as standard errors; they have no direction.
        """

    def settings(self) -> dict[str, Any]:
        """What the numbers depend on besides the samples: the constructor's arguments, kept under their own names."""
        return {name: getattr(self, name) for name in signature(type(self)).parameters if name != "real"}

    def floor(self, count: int) -> dict[str, float]:
        """What `count` samples of the data themselves score, for those of the numbers where this is known.

        They are measured against the same real side as in `compute`. `<name>_error` is the uncertainty of `<name>`.
        """
        return {}


class FeatureMetric(Metric):
    """A metric on the features of one extractor; `real` holds the extractor and its features of the real images."""

    needs = "features"

    def __init__(self, *, real: RealFeatures) -> None:
        self.real = real

    @abstractmethod
    def compute(self, features: Tensor, labels: Tensor | None) -> dict[str, float]:
        """The numbers, by name.

        Args:
            features: of the generated images, float32 [count, num_features].
            labels: classes that the generated images were drawn for, [count]; None for a model without classes.
        """


class LogitMetric(FeatureMetric):
    """A metric on the features of an extractor that classifies; it is left out for other extractors."""

    needs = "logits"


class LabelMetric(FeatureMetric):
    """A metric on features and labels; it is left out where the real images have no labels."""

    needs = "labels"


class ImageMetric(Metric):
    """A metric on the images themselves, of which it keeps a small part, so that no evaluation holds all images."""

    needs = "images"

    def __init__(self, *, real: Reference) -> None:
        self.real = real

    @abstractmethod
    def keep(self, images: Tensor, indices: range) -> Any:
        """What is kept of images number `indices`, uint8 [len(indices), channels, height, width]: tensors in lists."""

    @abstractmethod
    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """The numbers, by name, from what was kept of each batch, in the order of the images."""


class PointMetric(Metric):
    """A metric on points x [count, *shape]; `real` is their distribution.

    A metric with `needs = "points"` is for a `GaussianMixture`, one with `needs = "atoms"` for a `Discrete`.
    """

    @abstractmethod
    def compute(self, x: Tensor) -> dict[str, float]:
        """The numbers of the samples x, on the CPU, by name."""


class SampleEvaluator(ABC):
    """Measures what a model draws against its data: a list of metrics.

    Nothing is drawn from a global generator, and no module changes its mode: training continues as if nothing had been
    measured.
    """

    count: int
    """Samples that an evaluation draws."""
    metrics: Sequence[Metric]

    @abstractmethod
    def __call__(self, sample: Callable[[range], Tensor], labels: Tensor | None = None) -> dict[str, float]:
        """The numbers of the samples sample(range(count)), by name.

        In a run of several processes the first one returns the numbers and the others return nothing.

        Args:
            sample: indices -> samples [len(indices), *shape], as a model draws them.
            labels: classes that the samples are drawn for, [count]; None for a model without classes.
        """

    @property
    def higher_is_better(self) -> dict[str, bool]:
        """Name of each number -> whether a larger value is better, in the order of the metrics."""
        return {name: higher for metric in self.metrics for name, higher in metric.higher_is_better.items()}

    @property
    def main_metric(self) -> str:
        """The name of the first number, which runs are compared by."""
        return next(iter(self.higher_is_better))

    def floor(self) -> dict[str, float]:
        """What samples of the data themselves score, for those of the numbers where this is known."""
        return {name: value for metric in self.metrics for name, value in metric.floor(self.count).items()}

    @abstractmethod
    def protocol(self) -> dict[str, Any]:
        """Everything that the numbers depend on besides the samples; numbers of two protocols do not compare."""

    def _require_names(self) -> None:
        """Refuse a list of metrics that measures nothing, or two things under one name."""
        names = [name for metric in self.metrics for name in metric.higher_is_better]
        twice = sorted({name for name in names if names.count(name) > 1})
        if not names or twice:
            classes = [type(metric).__name__ for metric in self.metrics if {*twice} & {*metric.higher_is_better}]
            wrong = (
                f"{' and '.join(classes)} both measure {', '.join(twice)}"
                if twice
                else "none of them can be measured here"
            )
            raise ValueError(f"evaluator.metrics: {wrong}; choose other options of conf/metric")
        for metric in self.metrics:
            try:
                metric.settings()
            except AttributeError as error:
                raise ValueError(f"{type(metric).__name__}: {error}; keep each argument under its own name") from None


def computed(metric: Metric, numbers: dict[str, float]) -> dict[str, float]:
    """`numbers`, which a metric computed.

    Raises:
        ValueError: a number that the metric declares is not among them.
    """
    if lacking := [name for name in metric.higher_is_better if name not in numbers]:
        raise ValueError(
            f"{type(metric).__name__}.higher_is_better declares {', '.join(lacking)}, and compute returned "
            f"{', '.join(numbers) or 'nothing'}: both must name the same numbers"
        )
    return numbers


def bound(metrics: Mapping[str, partial[Any]], needs: Sequence[str], real: object) -> dict[str, Any]:
    """Those of the metrics, by option, that compute from one of `needs`, constructed with `real`."""
    return {option: make(real=real) for option, make in metrics.items() if make.func.needs in needs}  # type: ignore[attr-defined]  # a class of Metric


def settings_of(metrics: Mapping[str, Metric]) -> dict[str, Any]:
    """The settings of all metrics; where two have a setting of the same name but not value, with the option's name."""
    settings: dict[str, Any] = {}
    for option, metric in metrics.items():
        for name, value in metric.settings().items():
            settings[name if settings.get(name, value) == value else f"{option}.{name}"] = value
    return settings
