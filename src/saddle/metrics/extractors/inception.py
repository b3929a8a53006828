"""The network on which the field measures FID, KID and the inception score."""

from io import BytesIO
from pathlib import Path
from textwrap import shorten

import torch
from torch import Tensor
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from saddle.metrics.extractors.base import Classifier
from saddle.metrics.extractors.inception_weights import PUBLISHED, published, read
from saddle.storage import weights_file


class Inception(Classifier):
    """Inception-v3 as in the TensorFlow graph of 2015-12-05, in torch-fidelity's translation and with its weights.

    Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision"; for FID Heusel et al. 2017. The
    features are the 2,048 channels before the last layer, averaged over the image; the scores are those of 1,008
    classes, without bias, as the inception score takes them (Salimans et al. 2016). Images of any size are resized
    inside as TensorFlow 1 did it: bilinear, corner to corner of the grid (pixel i at i * size / 299), without
    antialiasing. Another resize gives another number.

    Args:
        weights: a path with a folder in it, or None for torch-fidelity's own place, where they are fetched once.

    Raises:
        FileNotFoundError: there is no such file; `MissingWeightsError` where the published ones cannot be fetched.
        ValueError: the file holds something else.
    """

    name = "inception"
    frechet_name = "fid"
    kernel_name = "kid"
    num_features = 2048
    channels = 3
    resize = "bilinear as in TensorFlow 1, not antialiased, to 299 x 299"

    def __init__(self, *, weights: str | None) -> None:
        super().__init__()
        path = published() if weights is None else weights_file(weights)
        tensors, self.digest = read(path)
        if not self.digest.startswith(PUBLISHED):
            self.remark = "not the published weights, so none of its numbers compares with published ones"
        self.network = _filled(tensors, path).to(memory_format=torch.channels_last)  # a third faster on a CPU
        self.requires_grad_(False)
        self.eval()

    def features(self, images: Tensor) -> Tensor:
        (features,) = self.network(images.round().to(torch.uint8))  # it resizes whole numbers, and takes nothing else
        return features  # [count, num_features]

    @torch.no_grad()
    def logits(self, features: Tensor) -> Tensor:
        with torch.autocast(features.device.type, enabled=False):
            return features.float() @ self.network.fc.weight.T  # [count, classes]


def _filled(tensors: dict[str, Tensor], path: Path) -> FeatureExtractorInceptionV3:
    """The network with these tensors.

    torch-fidelity unpickles whatever file it is given: it is given the shapes alone, and builds without memory and
    without a draw from the global generator. The tensors are put in afterwards.
    """
    try:
        shapes = BytesIO()
        torch.save({key: tensor.to("meta") for key, tensor in tensors.items()}, shapes)
        shapes.seek(0)
        floats = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in tensors.items()}
        with torch.device("meta"):
            network = FeatureExtractorInceptionV3(
                Inception.name, [str(Inception.num_features)], feature_extractor_weights_path=shapes
            )
        network.load_state_dict(floats, assign=True)
    except RuntimeError as error:
        reason = shorten(str(error), 240, placeholder=" ...")
        raise ValueError(f"extractor.weights: {path} does not hold torch-fidelity's Inception: {reason}") from None
    return network
