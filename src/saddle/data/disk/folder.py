"""One's own images: every picture in a folder and in its folders."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt

from saddle.data.classes import are_numbers
from saddle.data.disk.files import readable
from saddle.data.disk.imageset import StoredImages
from saddle.data.disk.refusals import UnusableError, no_class_folders
from saddle.data.disk.store import Decoded, decode_folder
from saddle.data.images import Images, Part, Split
from saddle.data.labels import Labels

Channel = Annotated[int, Field(ge=0, le=255)]


class Folder(Images):
    """All pictures under `root`, in class folders or not, cut and resized by the rule of `saddle.data.disk.decoding`.

    No images are held out: evaluations compare with the training images. The pictures are decoded on first use, so a
    trained model can sample on a machine that does not have them.

    Args:
        root: the folder.
        shape: shape of an image, [channels, height, width], with 1 or 3 channels.
        corrupt: `refuse` raises an error that names all files that cannot be decoded, `skip` leaves them out.
        enlarge: whether pictures smaller than `shape` are enlarged; otherwise they count as undecodable.
        background: the colour behind transparent pixels: red, green and blue in 0..255.
        label: `folder` for the folder of `root` that contains the picture at any depth, None for no labels.
        reference: the part that evaluations compare with, `train` or `all`, which are equal here.

    Raises:
        ValueError: the shape is not that of an image.
    """

    name = "folder"

    def __init__(
        self,
        *,
        root: Path,
        shape: tuple[Literal[1, 3], PositiveInt, PositiveInt],
        corrupt: Literal["refuse", "skip"],
        enlarge: bool,
        background: tuple[Channel, Channel, Channel],
        label: Literal["folder"] | None,
        reference: Split,
    ) -> None:
        if len(shape) != 3 or shape[0] not in (1, 3) or min(shape) < 1:
            raise ValueError(f"data.shape is {list(shape)}, but images are [channels, height, width], 1 or 3 channels")
        self.root = Path(root).expanduser()
        self.shape = tuple(shape)
        self.corrupt = corrupt
        self.enlarge = enlarge
        self.background = (background[0], background[1], background[2])
        self.label = label
        self.reference = reference

    @property
    def train(self) -> StoredImages:
        return self._decoded.images

    @property
    def test(self) -> None:
        return None

    def facts(self) -> dict[str, object]:
        odd = {"oddities": self._decoded.oddities} if self._decoded.oddities else {}
        return {**super().facts(), "left_out": self._decoded.left_out, **odd}

    def labelled(self, part: Part) -> Labels | None:
        """The folder of each picture; classes are sorted by name, or as numbers if all names are.

        Raises:
            ValueError: a picture is in no folder, or there is only one folder.
        """
        if self.label is None:
            return None
        folders = [readable(path.rpartition("/")[0].partition("/")[0]) for path in self._decoded.paths]
        names = sorted(set(folders))
        if len(names) < 2 or "" in names:
            raise ValueError(no_class_folders(self.root, self._decoded.paths))
        if are_numbers(names):
            names.sort(key=int)
        position = {name: label for label, name in enumerate(names)}
        return Labels(tuple(names), np.array([position[name] for name in folders], dtype=np.int64))

    @cached_property
    def _decoded(self) -> Decoded:
        try:
            return decode_folder(
                self.root,
                shape=self.shape,
                corrupt=self.corrupt,
                enlarge=self.enlarge,
                background=self.background,
            )
        except UnusableError as error:
            ways = ["repair them"]
            if error.others and self.corrupt == "refuse":
                ways.append("leave them out with data.corrupt=skip")
            if error.small:
                ways.append("enlarge the small ones with data.enlarge=true")
            raise ValueError(f"{error}\n{', or '.join(ways)}") from None
