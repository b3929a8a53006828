"""A person's own images: every picture in a folder and in its folders."""

from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import PositiveInt

from saddle.data.disk.files import readable
from saddle.data.disk.imageset import StoredImages
from saddle.data.disk.refusals import UnusableError, no_class_folders
from saddle.data.disk.store import Decoded, decode_folder
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels


class Folder(Images):
    """All pictures under `root`, in class folders or not, cut and resized by the rule of `saddle.data.disk.decoding`.

    None are held out: an evaluation compares with the images that were trained on. They are decoded when they are first
    asked for, so a model that was trained on them can draw where they are not.

    Args:
        root: the folder.
        shape: of an image, [channels, height, width], with 1 or 3 channels.
        corrupt: refuse to go on where a file gives no image, all of them named; or skip these files.
        enlarge: whether pictures smaller than `shape` are enlarged; otherwise they give no image.
        label: what a label says: `folder`, in which folder of `root` a picture lies, however deep; None: nothing.
        reference: the part that evaluations compare with, `train` or `all`, which are the same.

    Raises:
        ValueError: the shape is none of an image.
    """

    name = "folder"

    def __init__(
        self,
        *,
        root: Path,
        shape: tuple[Literal[1, 3], PositiveInt, PositiveInt],
        corrupt: Literal["refuse", "skip"],
        enlarge: bool,
        label: Literal["folder"] | None,
        reference: Split,
    ) -> None:
        if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
            raise ValueError(f"data.shape is {list(shape)}, but images are [channels, height, width], 1 or 3 channels")
        self.root = Path(root).expanduser()
        self.shape = tuple(shape)
        self.corrupt = corrupt
        self.enlarge = enlarge
        self.label = label
        self.reference = reference

    @property
    def train(self) -> StoredImages:
        return self._decoded.images

    @property
    def test(self) -> None:
        return None

    def facts(self) -> dict[str, object]:
        return {**super().facts(), "left_out": self._decoded.left_out}

    def labelled(self, part: Part) -> Labels | None:
        """The folder that each picture lies in.

        Raises:
            ValueError: a picture lies in none, or there is one folder only.
        """
        if self.label is None:
            return None
        folders = [readable(path.rpartition("/")[0].partition("/")[0]) for path in self._decoded.paths]
        names, values = np.unique(folders, return_inverse=True)
        if len(names) < 2 or "" in names:
            raise ValueError(no_class_folders(self.root, self._decoded.paths))
        return Labels(tuple(names.tolist()), values.astype(np.int64))

    @cached_property
    def _decoded(self) -> Decoded:
        try:
            return decode_folder(self.root, shape=self.shape, corrupt=self.corrupt, enlarge=self.enlarge)
        except UnusableError as error:
            ways = ["repair them"]
            if error.others and self.corrupt == "refuse":
                ways.append("leave them out with data.corrupt=skip")
            if error.small:
                ways.append("enlarge the small ones with data.enlarge=true")
            raise ValueError(f"{error}\n{', or '.join(ways)}") from None
