"""What models with a code have in common when they learn from batches: codes, and decoding them."""

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from saddle.models.base import CodedModel
from saddle.models.learning import LearningModel
from saddle.models.player import call_network


class DrawingModel(LearningModel, CodedModel, ABC):
    """A model that learns from batches to draw from codes."""

    @abstractmethod
    def decoder(self) -> nn.Module:
        """The network that `decode` draws with: codes, and labels of a conditional model, to x."""

    def codes(self, stream: str, step: int, size: int) -> Tensor:
        """Fresh codes for a step: [share, code_size]."""
        return self.numbers(stream, step, size, (self.code_size,), self.prior_distribution)

    @torch.no_grad()
    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        if labels is not None and self.classes is None:
            raise ValueError("this model knows no classes (it was trained with labels=false): draw without labels")
        network = self.decoder()
        training = network.training
        network.eval()
        try:
            return call_network(network, codes, labels)  # [count, *shape]; never compiled, for the same bits everywhere
        finally:
            network.train(training)
