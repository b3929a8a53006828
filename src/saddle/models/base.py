"""The interface of all models: an update changes the parameters, and samples are drawn by index."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import torch
from pytorch_lightning import LightningModule
from torch import Tensor, nn

from saddle.data.base import Data
from saddle.data.classes import Classes
from saddle.distributed import world
from saddle.models.divergence import require_finite_weights
from saddle.noise import drawn_labels, noise


class GenerativeModel(LightningModule, ABC):
    """Changes its parameters one update at a time and can always be sampled.

    Attributes:
        updates: number of finished iterations: the clock of everything (budget, evaluation, grids, logs). Lightning's
            `global_step` is not used.
        data: source of the real samples.
        interrupted: whether training ends after the current update; set from outside.
        between_updates: whether the weights are those after `updates` whole updates, so that they may be stored.
        classes: classes of the samples of a conditional model; None for other models.
    """

    automatic_optimization = False
    data: Data
    classes: Classes | None = None

    def __init__(self) -> None:
        super().__init__()
        self.updates = 0
        self.interrupted = False
        self.between_updates = True
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}

    @abstractmethod
    def iterate(self, update: int) -> None:
        """Carry out iteration `update`, counted from 0."""

    @abstractmethod
    def sample(self, indices: Sequence[int], seed: int, labels: Tensor | None = None) -> Tensor:
        """Generated samples [len(indices), *shape]; sample i is a function of (model, seed, indices[i], label) alone.

        `labels` [len(indices)] are for conditional models; by default these use `labels_of`.
        """

    def labels_of(self, indices: Sequence[int], seed: int) -> Tensor | None:
        """The default labels of samples `indices`, int64 [len(indices)]; None without classes.

        Each class is drawn as often as it is in the training set.
        """
        if self.classes is None:
            return None
        counts = list(self.classes.counts.values())
        return drawn_labels(seed, "sample labels", 0, indices, counts).to(self.device)

    @abstractmethod
    def sampling_module(self) -> nn.Module:
        """The module that `sample` draws with; its weights are stored at the end of training."""

    @property
    @abstractmethod
    def real_per_update(self) -> int:
        """Real samples seen in one update."""

    def parts(self) -> dict[str, nn.Module]:
        """The modules of the model by name."""
        return dict(self.named_children())

    def sizes(self) -> dict[str, int]:
        """Number of trainable parameters of each network."""
        networks = self.parts()
        sizes = {name: sum(p.numel() for p in networks[name].parameters() if p.requires_grad) for name in networks}
        return {name: size for name, size in sizes.items() if size}

    def training_step(self, updates: range, batch_idx: int) -> None:
        """Carry out several iterations; callbacks run between two calls.

        Raises:
            DivergedError: a loss, a gradient or the weights are not finite.
        """
        self.between_updates = False
        for update in updates:
            self.iterate(update)
            self.updates = update + 1
            if world.any_rank(self.interrupted):  # all processes of a run stop after the same update
                self.interrupted = True
                break
        self.check_pending_steps()
        require_finite_weights(self.parts(), self.updates)
        self.between_updates = True

    def check_pending_steps(self) -> None:
        """Check the steps since the last call whose numbers have not been checked yet, if any.

        Raises:
            DivergedError: a loss or a gradient is not finite; the error names the first.
        """

    def transfer_batch_to_device(self, batch: range, device: torch.device, dataloader_idx: int) -> range:
        """Return the range of updates unchanged; Lightning would treat it as a collection and rebuild it."""
        return batch

    def log_mean(self, **numbers: Tensor) -> None:
        """Add to the running means of training; nothing leaves the device before `pop_means` is called."""
        for name, number in numbers.items():
            self._sums[name] = self._sums.get(name, 0) + number.detach()
            self._counts[name] = self._counts.get(name, 0) + 1

    def pop_means(self) -> dict[str, float]:
        """The means since the last call, fetched in one transfer."""
        if not self._sums:
            return {}
        means = torch.stack([total.to(self.device) / self._counts[name] for name, total in self._sums.items()]).tolist()
        names = list(self._sums)
        self._sums, self._counts = {}, {}
        return dict(zip(names, means, strict=True))

    def pending_means(self) -> dict[str, tuple[Tensor, int]]:
        """The running means that are not fetched yet, name -> (sum, count), a part of a run's state."""
        return {name: (total, self._counts[name]) for name, total in self._sums.items()}

    def restore_pending_means(self, means: Mapping[str, tuple[Tensor, int]]) -> None:
        """Resume from stored `pending_means`."""
        self._sums = {name: total for name, (total, _) in means.items()}
        self._counts = {name: count for name, (_, count) in means.items()}


class CodedModel(GenerativeModel):
    """A model whose samples are decoded from latent codes z.

    `sample` is `decode` of `prior`, and `prior` is `to_prior` of `base_noise`.

    Attributes:
        code_size: dimensions of a latent code.
        prior_distribution: distribution of the codes: `normal`, `uniform`, or `fitted`, a Gaussian fitted to codes.
    """

    code_size: int
    prior_distribution: str

    @abstractmethod
    def decoder(self) -> nn.Module:
        """The network that `decode` calls: from codes, and labels of a conditional model, to x."""

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """x [count, *shape] for codes [count, code_size], in evaluation mode, without gradients.

        Raises:
            ValueError: labels [count] are given to a model without classes.
        """
        if labels is not None and self.classes is None:
            raise ValueError("this model has no classes (it was trained with labels=false): draw without labels")
        with evaluating(self.decoder()) as network:  # never compiled, for the same bits everywhere
            return network(codes) if labels is None else network(codes, labels)

    def base_noise(self, indices: Sequence[int], seed: int) -> Tensor:
        """The base noise of samples `indices`, [len(indices), code_size]: uniform for a uniform prior, else N(0, I)."""
        distribution = "uniform" if self.prior_distribution == "uniform" else "normal"
        return noise(seed, "sample", 0, indices, (self.code_size,), distribution).to(self.device)

    def to_prior(self, base_noise: Tensor) -> Tensor:
        """Codes of the prior from base noise [count, code_size]: the noise itself, or its transform by a fitted prior.

        Paths and truncation act on base noise, because a fitted prior has another centre than 0 and other axes.
        """
        return base_noise

    def prior(self, indices: Sequence[int], seed: int) -> Tensor:
        """The codes [len(indices), code_size] of samples `indices` under the prior."""
        return self.to_prior(self.base_noise(indices, seed))

    def sample(self, indices: Sequence[int], seed: int, labels: Tensor | None = None) -> Tensor:
        return self.decode(self.prior(indices, seed), self.labels_of(indices, seed) if labels is None else labels)


@contextmanager
def evaluating(network: nn.Module) -> Iterator[nn.Module]:
    """`network` in evaluation mode; afterwards in its former mode."""
    training = network.training
    network.eval()
    try:
        yield network
    finally:
        network.train(training)
