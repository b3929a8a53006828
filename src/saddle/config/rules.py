"""Combinations that cannot work although each value by itself is of the right type.

A rule takes the resolved configuration as a plain mapping and yields what is wrong with it.
"""

import os
import re
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, NonNegativeFloat, PositiveFloat

from saddle.config.keys import SEVERAL, groups, option_files
from saddle.config.kinds import describe, fits
from saddle.config.messages import ConfigError, listing, show
from saddle.config.options import chosen
from saddle.config.signatures import signature
from saddle.config.source import Definition, attribute
from saddle.config.targets import descends, resolve
from saddle.pictures import FORMATS, is_picture
from saddle.storage import weights_file

Values = dict[str, Any]
Rule = Callable[[Values], Iterator[str]]
FROM_EXTRACTOR = ("features", "logits", "labels")
PROVIDED = {"images": ("images", *FROM_EXTRACTOR)}
"""Kind of data -> what metrics can compute from (`needs` of a metric); any other kind provides itself."""


def name_of_one_folder(values: Values) -> Iterator[str]:
    """`name` is the name of a folder in runs/, which a path or a hidden name could not keep."""
    name = str(values.get("name") or "")
    if re.search(r"[/\\]", name) or name.startswith("."):
        kept = "-".join(part for part in re.split(r"[^A-Za-z0-9+_-]+", name) if part) or "mine"
        yield f"name={show(name)}: a name of a folder in runs/, not a path or a hidden one; set name={kept}"


def shared_out(values: Values) -> Iterator[str]:
    """Several devices share every batch evenly; Apple's kind comes as one."""
    devices, nodes = values["trainer"].get("devices", 1), values["trainer"].get("num_nodes", 1)
    every = devices * nodes
    for key in ("batch_size", "generator_batch_size"):
        size = values[key] or 0
        if size % every:
            near = [n for n in (size // every * every, (size // every + 1) * every) if n]
            which = "trainer.devices" if nodes == 1 else "trainer.devices x trainer.num_nodes"
            yield (
                f"{key}={size}: {every} devices ({which}) cannot share it out evenly; "
                f"set {key}={' or '.join(map(str, near))}"
            )
    if devices > 1 and values["trainer"].get("accelerator") == "mps":
        yield f"trainer.devices={devices}: there is one mps device; set trainer.devices=1, or trainer.accelerator=cpu"


def one_device(values: Values) -> Iterator[str]:
    """A model that looks at all samples in every update has nothing to share out."""
    model, devices = resolve(values["model"]["_target_"], "model"), values["trainer"].get("devices", 1)
    if attribute(model, "undivided") is True and devices * values["trainer"].get("num_nodes", 1) > 1:
        yield (
            f"trainer.devices={devices}: {chosen('model', values)} looks at all its samples in every update, "
            "and every device would do the same; set trainer.devices=1 trainer.num_nodes=1"
        )


def enough_images(values: Values) -> Iterator[str]:
    """A batch is part of an epoch; a distance cannot have more reals than there are."""
    counts = {split: values["data"].get(f"{split}_count") for split in ("train", "test")}
    if None not in counts.values():
        counts["all"] = sum(counts.values())
    neighbours = {
        f"evaluator.metrics.{option}.{name}": int(node[name] or 0)
        for option, node in (values["evaluator"].get("metrics") or {}).items()
        for name in ("neighbours", "density_neighbours")
        if name in node
    }
    path = max(neighbours, key=lambda path: neighbours[path], default="")
    most = neighbours.get(path, 0)
    if (values["evaluate_images"] or most + 1) <= most:
        yield (
            f"evaluate_images={values['evaluate_images']}: precision, recall, density and coverage with "
            f"{path}={most} need at least {most + 1} images"
        )
    size, train = values["batch_size"], counts["train"]
    if train is not None and size is not None and size > train:
        yield f"batch_size={size}: the training set has {train} images; set batch_size={train} or less"
    wanted, split = values["evaluate_images"], values["evaluate_reference"] or values["data"].get("reference")
    known = counts.get(split)
    if known is not None and wanted is not None and wanted > known:
        yield (
            f"evaluate_images={wanted}: the reference, evaluate_reference={split}, has {known} images; "
            f"set evaluate_images={known} or less, or null for as many as there are"
        )


def shipped_or_there(values: Values) -> Iterator[str]:
    """An extractor's weights ship with the package under a bare name; a name with a folder in it is a person's file."""
    weights = (values.get("extractor") or {}).get("weights")
    if isinstance(weights, str):
        try:
            weights_file(weights)
        except FileNotFoundError as missing:
            yield str(missing)


def packages_there(values: Values) -> Iterator[str]:
    """A tracker or a callback may need an optional package."""
    for name, node in (values.get("callback") or {}).items():
        if descends(resolve(node["_target_"], f"callback.{name}"), ("pytorch_lightning.callbacks.checkpoint.",)):
            yield f"callback={name}: Saddle stores states itself, every checkpoint_every updates; leave it out"
    for group in SEVERAL:
        nodes = values.get(group) or {}
        for name, node in nodes.items() if "_target_" not in nodes else ():
            package = attribute(resolve(node["_target_"], f"{group}.{name}"), "package")
            if isinstance(package, str) and find_spec(package) is None:
                yield f"{group}={name}: the package {package} is not installed; install it: pip install {package}"


def own_pictures(values: Values) -> Iterator[str]:
    """A person's folder is there and has a picture; whether each is whole is known when they are decoded."""
    data = values["data"]
    if "corrupt" not in data or not isinstance(data.get("root"), str):
        return
    setting, root = f"data.root={show(data['root'])}", Path(data["root"]).expanduser()
    if not data["root"]:
        yield f"{setting}: names no folder; the one that you are in is data.root=."
    elif not root.exists():
        nearest = next(above for above in root.absolute().parents if above.exists())
        lacking = [part for part in data["root"].split(",") if not Path(part).expanduser().exists()]
        one_of_several = "," in data["root"] and lacking
        several = (
            f"; for a run on each of several folders, with -m, {lacking[0]} has to be there" if one_of_several else ""
        )
        yield f"{setting}: there is no such folder; {nearest} is there{several}"
    elif not root.is_dir():
        yield f"{setting}: this is a file, not a folder of pictures"
    elif not _has_picture(root):
        yield f"{setting}: there are no pictures in this folder ({FORMATS})"
    elif values["labels"] and len(folders := _folders(root)) < 2:
        classes = f"there is {folders[0]}/ only" if folders else "there is none"
        yield f"labels=true: {setting} needs a folder for each class, two or more; {classes}. Or set labels=false"
    if values["evaluate_reference"] == "test":
        yield "evaluate_reference=test: of one's own images none are held out; leave it, or set it to train"


def _folders(root: Path) -> list[str]:
    """The names of the folders directly in it."""
    try:
        return sorted(entry.name for entry in root.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    except OSError:  # named when it is read
        return ["?", "?"]


def _has_picture(root: Path) -> bool:
    """Whether there is a picture; the search ends at the first, so a full folder costs nothing."""
    waiting, seen = [str(root)], set()
    while waiting:
        folder = os.path.realpath(waiting.pop())
        if folder in seen:
            continue
        seen.add(folder)
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir():
                        waiting.append(entry.path)
                    elif entry.is_file() and is_picture(Path(entry.path)):
                        return True
        except OSError:  # named when it is read
            return True
    return False


Share = Annotated[float, Field(ge=0, lt=1)]
RANGES = {
    "lr": PositiveFloat,
    "betas": tuple[Share, Share],
    "alpha": Share,
    "momentum": Share,
    "eps": NonNegativeFloat,
    "weight_decay": NonNegativeFloat,
}


def optimizer_ranges(values: Values) -> Iterator[str]:
    """What torch's optimisers check only when they are built."""
    for player, node in _nodes(values, "optimizer"):
        for name in RANGES.keys() & node.keys():
            if not fits(node[name], RANGES[name]):
                path = f"optimizer.{player}.{name}"
                yield f"{path}={show(node[name])}: {path} takes {describe(RANGES[name])}"
        if node.get("nesterov") and not (node.get("momentum") and not node.get("dampening")):
            yield (
                f"optimizer.{player}.nesterov=true: goes with a momentum and without dampening; set "
                f"optimizer.{player}.momentum=0.9"
            )
        if len(ways := [name for name in ("foreach", "fused", "differentiable") if node.get(name)]) > 1:
            yield f"optimizer.{player}: {' and '.join(ways)} exclude one another; set all but one of them to null"


def schedules_in_time(values: Values) -> Iterator[str]:
    """A decay ends after it began, and where it ends at nothing the run does not go on without a rate."""
    updates = values["updates"]
    for player, node in _nodes(values, "schedule"):
        begin, end, path = node.get("begin"), node.get("end"), f"schedule.{player}"
        if begin is None or end is None:
            continue
        if begin >= end:
            yield f"{path}.begin={begin}: the decay is over before, at {path}.end={end}; set {path}.begin={end - 1}"
        elif end < updates and node.get("final") == 0:
            yield (
                f"updates={updates}: from {path}.end={end} on the {player} has no learning rate ({path}.final=0), so "
                f"there is nothing to go on with; for a longer decay begin a new run with updates={updates}"
            )


def square_images(values: Values) -> Iterator[str]:
    """A network for square images draws nothing else."""
    shape = values["data"].get("shape")
    nodes = [(path, node) for path, node in _nodes(values, "network") if "resolution" in node]
    kinds = [signature(resolve(node["_target_"], path)).arguments["resolution"].kind for path, node in nodes]
    for side in {node["resolution"] for _, node in nodes} if shape is not None else ():
        if shape[1:] != [side, side]:
            sized = ""
            if len(shape) == 3:
                fitting = shape[1] == shape[2] and all(fits(shape[1], kind) for kind in kinds)
                sized = f"resolution={shape[1]}, or " if fitting else f"data.shape=[{shape[0]},{side},{side}], or "
            yield (
                f"data.shape={show(shape)} does not go with networks for images of {side} x {side}: "
                f"set {sized}network=mlp, which takes any shape"
            )


def comparable_data(values: Values) -> Iterator[str]:
    """The data provide what each metric computes from; features come from an extractor."""
    kind = str(attribute(resolve(values["data"]["_target_"], "data"), "kind"))
    metrics = {option: _metric(option, node) for option, node in (values["evaluator"].get("metrics") or {}).items()}
    needs = {option: str(attribute(metric, "needs")) for option, metric in metrics.items()}
    for option in (option for option, need in needs.items() if need == "None"):
        yield f"evaluator.metrics.{option}: {metrics[option].name} has no `needs`; PointMetric needs points or atoms"
    foreign = [option for option, need in needs.items() if need not in PROVIDED.get(kind, (kind,)) and need != "None"]
    if foreign:
        needed = listing(dict.fromkeys(needs[option] for option in foreign), "and")
        yield (
            f"evaluator.metrics: {listing(foreign, 'and')} {'need' if len(foreign) > 1 else 'needs'} {needed}, and "
            f"{chosen('data', values)} has {kind}: leave evaluator=... and metric@... out, every data set "
            "chooses its own"
        )
    elif not values.get("extractor") and any(need in FROM_EXTRACTOR for need in needs.values()):
        right = listing(groups()["extractor"], "or")
        needing = next(option for option, need in needs.items() if need in FROM_EXTRACTOR)
        yield f"there is no extractor, which evaluator.metrics.{needing} needs: set extractor={right}"
    for option, metric in metrics.items():
        needed_arguments = [argument.name for argument in signature(metric).arguments.values() if argument.required]
        lacking = [name for name in needed_arguments if name not in {"real", *values["evaluator"]["metrics"][option]}]
        if lacking:
            path = f"evaluator.metrics.{option}"
            yield f"{path}: {metric.name} needs {listing(lacking, 'and')}; set +{path}.{lacking[0]}=..."
    if not metrics and "metrics" in signature(resolve(values["evaluator"]["_target_"], "evaluator")).arguments:
        yield "evaluator.metrics is empty: add a metric with +metric@evaluator.metrics.NAME=NAME"
    if kind != "images" and values["evaluate_reference"] is not None:
        yield (
            f"evaluate_reference={values['evaluate_reference']}: {chosen('data', values)} has no reference "
            "images, its distribution is known; leave it null"
        )


def _metric(option: str, node: Any) -> Definition:
    """The class of a metric of the evaluator.

    Raises:
        ConfigError: the node has none.
    """
    path = f"evaluator.metrics.{option}"
    if not isinstance(node, dict) or "_target_" not in node:
        raise ConfigError(f"{path}={show(node)}: takes a node with _target_; write ~{path} to leave the metric out")
    return resolve(node["_target_"], path)


def slopes_of_samples(values: Values) -> Iterator[str]:
    """A penalty on D's slope at single samples wants a D that does not couple them."""
    penalty = values.get("penalty")
    if not penalty or values["network"]["discriminator"].get("norm") != "batch":
        return
    if attribute(resolve(penalty["_target_"], "penalty"), "per_sample") is True:
        yield (
            f"network.discriminator.norm=batch: {chosen('penalty', values)} looks at D's slope at single samples, "
            "which a D with batch normalisation does not have; set network.discriminator.norm=none, layer or spectral, "
            "or choose another penalty"
        )


def images_to_augment(values: Values) -> Iterator[str]:
    """An augmentation moves and colours pixels."""
    augment, shape = values.get("augment"), values["data"].get("shape")
    if augment and shape is not None and (len(shape) != 3 or shape[0] not in (1, 3)):
        name = chosen("augment", values)
        yield f"data.shape={show(shape)}: {name} transforms images of 1 or 3 channels; set augment=none"


def signs_to_follow(values: Values) -> Iterator[str]:
    """A probability that follows D's signs wants logits that have one; one that follows nothing is to be given."""
    augment, loss = values.get("augment"), values.get("loss")
    if augment and "target" in augment and augment["target"] is None and not augment["probability"]:
        yield (
            "augment.target=null keeps augment.probability as it is, and it is 0: nothing would be augmented; set "
            "augment.probability=0.3, or augment=none"
        )
    if not augment or augment.get("target") is None or not loss:
        return
    if attribute(resolve(loss["_target_"], "loss"), "threshold") is None:
        yield (
            f"augment.target={show(augment['target'])}: the augmentation follows the signs of D's logits, and those of "
            f"{chosen('loss', values)} count only up to a constant; set augment.target=null augment.probability=0.3, "
            "which keeps it there, or choose another loss"
        )


def conditional_players(values: Values) -> Iterator[str]:
    """With labels both players take `classes`, whose number the data gives; without, neither has any."""
    for player, node in _nodes(values, "network"):
        path = f"network.{player}.classes"
        if node.get("classes") is not None:
            yield f"{path}={show(node['classes'])}: the data gives their number where labels=true; leave it null"
        if values["labels"] and "classes" not in node:
            name = str(node.get("_target_")).rpartition(".")[2]  # no option's: those that ship take classes
            right = listing(_options("network", "  classes: null"), "or")
            yield f"labels=true: {name} (network.{player}) takes no classes; set labels=false, or network={right}"
    outputs = (values["network"].get("discriminator") or {}).get("outputs", 1)
    if values["labels"] and outputs != 1:
        yield (
            f"network.discriminator.outputs={show(outputs)}: a discriminator that is told the class has one output, "
            "its logit; set it to 1"
        )


def told_classes(values: Values) -> Iterator[str]:
    """A model that takes no classes cannot be told any."""
    model = resolve(values["model"]["_target_"], "model")
    if values["labels"] and "classes" not in signature(model).arguments:
        name = chosen("model", values)
        yield f"labels=true: {name} knows no classes; set labels=false, or choose another model"


def separate_samples(values: Values) -> Iterator[str]:
    """A D that is asked for one x at a time cannot answer for a batch."""
    model = resolve(values["model"]["_target_"], "model")
    discriminator = values["network"].get("discriminator") or {}
    if attribute(model, "one_by_one") is True and discriminator.get("norm") == "batch":
        yield (
            f"network.discriminator.norm=batch: {chosen('model', values)} asks D for one x at a time, and "
            "with batch normalisation it answers for a batch; set network.discriminator.norm=none, layer or spectral"
        )


def few_enough(values: Values) -> Iterator[str]:
    """A search through all x wants data that are black and white images, few of them."""
    node = values["model"].get("search")
    if not node:
        return
    search, data = resolve(node["_target_"], "model"), resolve(values["data"]["_target_"], "data")
    if attribute(search, "lists") is True and attribute(data, "black_and_white") is not True:
        yield (
            f"{chosen('model', values)} goes through all black and white images of a few pixels, and "
            f"{chosen('data', values)} has others; set data=bars_and_stripes network=mlp, or "
            "model=discriminator, which walks"
        )


def finite_set(values: Values) -> Iterator[str]:
    """A model that keeps something for each training sample wants a set that has an end."""
    model, data = (resolve(values[group]["_target_"], group) for group in ("model", "data"))
    if attribute(model, "finite") is True and attribute(data, "kind") != "images":
        yield (
            f"{chosen('model', values)} has a code for each training image, and "
            f"{chosen('data', values)} draws every sample anew: set data=faces, or another set of images"
        )


def encoder_there(values: Values) -> Iterator[str]:
    """A model with an encoder wants a network that has one."""
    model = resolve(values["model"]["_target_"], "model")
    if attribute(model, "code_parameters") is not None and not values["network"].get("encoder"):
        right = listing(_options("network", "encoder:"), "or")
        name, networks = chosen("model", values), chosen("network", values)
        yield f"{name} has an encoder, and {networks} has none (network.encoder): set network={right}"


def labelled_data(values: Values) -> Iterator[str]:
    """Conditional players want data whose samples have a class."""
    if values["labels"] and values["data"].get("label") is None:
        right = listing(_options("data", r"label: (?!null)"), "or")
        yield f"labels=true: these data have no labels (data.label); set labels=false, or data={right}, which have"


def _nodes(values: Values, group: str) -> list[tuple[str, dict[str, Any]]]:
    """The nodes of a group by player, without those that the model does without."""
    return [(player, node) for player, node in values[group].items() if node is not None]


def _options(group: str, pattern: str) -> list[str]:
    """The options of a group whose file has a line that begins like this."""
    files = option_files()[group].items()
    return [name for name, file in files if re.search(f"^{pattern}", file.read_text(encoding="utf-8"), re.MULTILINE)]


RULES: tuple[Rule, ...] = (
    name_of_one_folder,
    shared_out,
    one_device,
    enough_images,
    optimizer_ranges,
    schedules_in_time,
    square_images,
    comparable_data,
    slopes_of_samples,
    images_to_augment,
    signs_to_follow,
    conditional_players,
    labelled_data,
    told_classes,
    separate_samples,
    few_enough,
    finite_set,
    encoder_there,
)
"""What holds anywhere."""
THERE: tuple[Rule, ...] = (shipped_or_there, own_pictures, packages_there)
"""Which files there must be."""
