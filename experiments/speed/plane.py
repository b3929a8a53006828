"""Points in the plane for a game so small that only what is around it takes time."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from saddle.data.base import Data
from saddle.noise import noise, visited


class Points(Data):
    """Eight Gaussians on a circle; x is a point [2]."""

    name = "points"
    shape = (2,)

    def __init__(self, count: int) -> None:
        angles = torch.arange(count) % 8 * torch.pi / 4
        centres = torch.stack([angles.cos(), angles.sin()], dim=1)  # [count, 2]
        self.points = centres + 0.05 * noise(0, "points", 0, range(count), (2,))

    def facts(self) -> dict[str, object]:
        return {"points": len(self.points)}

    def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
        return self.points[torch.from_numpy(visited(seed, positions, len(self.points)))].to(device)

    def render(self, x: Tensor, columns: int) -> Image.Image:
        """All points in one picture of the square [-2, 2] x [-2, 2], black on white."""
        counts, *_ = np.histogram2d(*x.T.numpy(), bins=128, range=[(-2, 2), (-2, 2)])
        return Image.fromarray(np.where(counts.T[::-1] > 0, 0, 255).astype(np.uint8))

    def picture(self, x: Tensor) -> Image.Image:
        return self.render(x[None], columns=1)
