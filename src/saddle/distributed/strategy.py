"""The strategy with which several processes train one model: each network is synchronised separately."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from pytorch_lightning.strategies import DDPStrategy
from torch import Tensor, nn
from torch.optim import Optimizer

from saddle.distributed import world
from saddle.distributed.collectives import average_gradients, copy_from_first
from saddle.processes.forked_rank import ForkedRank
from saddle.processes.rank_launcher import RanksLauncher

TIME_LIMIT = timedelta(seconds=120)
"""Time limit for one rank to wait for another within an update, and for all of them to start."""


class PerNetworkStrategy(DDPStrategy):
    """Averages the gradients of each backward pass over the ranks: D's in a step of D, G's in a step of G.

    There is no wrapper around the model. torch's wrapper around both players would reduce both networks' gradients in
    every step and search the graph for missing ones.

    A backward pass must name its `inputs`, `manual_backward(loss, inputs=parameters)`. Their gradients are averaged, so
    a norm, clipping or an optimiser afterwards sees the gradient of the whole batch. Inputs that are not parameters
    belong to this rank's samples, and their gradients are not averaged.

    Args:
        waiting: processes that become ranks 1, 2, ... of this machine; none if a scheduler starts all ranks.
    """

    def __init__(self, waiting: Sequence[ForkedRank]) -> None:
        super().__init__(timeout=TIME_LIMIT)
        self._waiting = waiting

    def _configure_launcher(self) -> None:
        assert self.cluster_environment is not None
        self._launcher = RanksLauncher(self.cluster_environment, self.num_processes, self.num_nodes, self._waiting)

    def setup_distributed(self) -> None:
        super().setup_distributed()
        world.join()

    def configure_ddp(self) -> None:
        """Start every rank with the weights and buffers of rank 0."""
        assert self.model is not None
        copy_from_first([*self.model.parameters(), *self.model.buffers()])

    def backward(
        self,
        closure_loss: Tensor,
        optimizer: Optimizer | None,
        *args: Any,
        inputs: Iterable[Tensor] | None = None,
        **kwargs: Any,
    ) -> Tensor:
        if inputs is None:
            raise ValueError("manual_backward(loss, inputs=...) must name the parameters whose gradients are averaged")
        inputs = list(inputs)
        loss = super().backward(closure_loss, optimizer, *args, inputs=inputs, **kwargs)
        average_gradients([tensor for tensor in inputs if isinstance(tensor, nn.Parameter)])
        return loss
