"""Evaluation of one folder of images, or npz file, against another: for samples from other programs."""

import sys
from pathlib import Path
from typing import Any, Literal

import torch

from saddle.config import instantiate
from saddle.config.composing import composer
from saddle.config.keys import CONF
from saddle.data.disk.imageset import ImageSet, StoredImages, digest_of
from saddle.data.disk.refusals import UnusableError, left_out_note
from saddle.data.disk.store import decode_folder
from saddle.evaluation.extra_extractors import ExtraExtractors
from saddle.metrics.evaluator import ImageEvaluator
from saddle.metrics.reference import Reference
from saddle.samples.archives import read_images
from saddle.samples.sampling import best_device


def evaluate_folders(
    generated: Path,
    reference: Path,
    *,
    resolution: int | None,
    corrupt: Literal["refuse", "skip"],
    extra: ExtraExtractors,
) -> dict[str, Any]:
    """Measure all images of `generated` against all images of `reference`, without a model.

    Without a resolution the images are used as they are and must have the same size; with one they are cropped to the
    largest centred square and resized. An npz file (`saddle.samples.archives`) may take the place of a folder; its
    images are not resized, and grey ones are repeated as three channels.

    Args:
        generated: folder, or npz file, of generated images.
        reference: folder, or npz file, of real images.
        resolution: height and width to which all images are resized; None to use them as they are.
        corrupt: whether to refuse files that cannot be read as images, or to skip them with a note.
        extra: feature extractors.

    Returns:
        `metrics`, `higher_is_better`, `floor`, `protocol` and `missing`, as for a run.

    Raises:
        ValueError: a folder or file does not exist, or contains no images, damaged ones, or images of several sizes; or
            the images of an npz file have another size than `resolution`.
    """
    shape = None if resolution is None else (3, resolution, resolution)
    fake, real = (_images(root, shape, corrupt) for root in (generated, reference))
    if fake.shape != real.shape:
        sizes = [f"{images.shape[2]} x {images.shape[1]} pixels" for images in (fake, real)]
        raise ValueError(
            f"the images of {generated} are {sizes[0]}, those of {reference} {sizes[1]}: give resolution=R, and both "
            "are cropped and resized to R x R"
        )
    with composer(CONF) as composed:
        settings = composed.compose(["evaluator=distances"]).evaluator
    evaluator: ImageEvaluator = instantiate(
        settings,
        extractors=extra.extractors,
        reference=Reference(images=real, split="all", count=len(real)),
        labels=None,
        count=len(fake),
    )
    images = Reference(images=fake, split="all", count=len(fake))
    return {
        "metrics": evaluator(lambda indices: images.at(indices).to(best_device())),
        "higher_is_better": evaluator.higher_is_better,
        "floor": evaluator.floor(),
        "protocol": evaluator.protocol(),
        "missing": dict(extra.missing),
    }


def _images(root: Path, shape: tuple[int, int, int] | None, corrupt: Literal["refuse", "skip"]) -> ImageSet:
    if root.suffix.lower() == ".npz":
        return _archived(root, shape)
    try:
        images, left_out, _, odd = decode_folder(root, shape=shape, corrupt=corrupt, enlarge=False)
    except UnusableError as error:
        hint = "corrupt=skip leaves them out" if error.others and corrupt == "refuse" else "repair or replace them"
        raise ValueError(f"{error}\n{hint}") from None
    if left_out:
        print(f"note: {root}: {left_out_note(left_out)}", file=sys.stderr)
    for oddity in odd:
        print(f"note: {root}: {oddity}", file=sys.stderr)
    return images


def _archived(path: Path, shape: tuple[int, int, int] | None) -> ImageSet:
    images = read_images(path)  # [count, channels, height, width]
    if shape is not None and images.shape[2:] != shape[1:]:
        raise ValueError(
            f"{path} contains images of {images.shape[3]} x {images.shape[2]} pixels, which resolution={shape[1]} does "
            "not change: only pictures in folders are resized"
        )
    pixels = torch.from_numpy(images).expand(-1, 3, -1, -1)
    return StoredImages(digest=digest_of(images), shape=pixels.shape, load=lambda: pixels)
