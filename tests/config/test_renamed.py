"""What earlier versions stored is read in the words of this one."""

from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from options import composed
from saddle.config.commandline import compose_job
from saddle.config.targets import resolve
from saddle.config.words import RENAMED, with_present_keys
from saddle.engine.stored import read_config, stored_config
from saddle.runs.folder import RunFolder
from saddle.runs.identity import differences, identity, identity_of
from saddle.runs.naming import register_resolvers
from saddle.runs.renamed import TARGETS, upgraded

OLD = {new: old for old, new in TARGETS.items()}


@pytest.mark.parametrize("target", TARGETS.values())
def test_the_present_names_are_there(target: str) -> None:
    assert resolve(target, "").name == target.rpartition(".")[2]
    assert target not in TARGETS


def test_a_stored_run_of_an_earlier_version_is_read_and_can_be_resumed(tmp_path: Path) -> None:
    """Also where the class is deep inside a node, as the buffer of a search is."""
    cfg = composed("model=discriminator", "data=digits", "network=mlp")
    text = OmegaConf.to_yaml(cfg, resolve=True)
    for new, former in OLD.items():
        text = text.replace(f"_target_: {new}\n", f"_target_: {former}\n")
    assert "saddle.search.found.Found" in text
    assert "saddle.training.QuietTrainer" in text
    run = RunFolder(tmp_path / "run")
    run.write_config(text)
    assert identity(read_config(run)) == identity(cfg)
    assert identity(stored_config(run, files=True)) == identity(cfg)
    old: Any = OmegaConf.to_container(OmegaConf.create(text))
    assert identity_of(old) == identity(cfg)
    in_a_checkpoint = {
        path: OLD.get(value, value) if isinstance(value, str) else value for path, value in identity(cfg).items()
    }
    assert in_a_checkpoint != identity(cfg)
    assert not differences(in_a_checkpoint, identity(cfg))


def test_what_is_of_this_version_stays_as_it_is() -> None:
    config = OmegaConf.to_container(composed(), resolve=True)
    assert upgraded(config) == config
    assert upgraded({"name": "saddle.data.ring.Ring"}) == {"name": "saddle.data.ring.Ring"}  # a text, no target


def test_one_that_cannot_be_read_says_which_code_can(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    cfg = composed("data=ring", "network=mlp")
    OmegaConf.update(cfg, "loss._target_", "saddle.losses.gone.Gone")
    run.write_config(OmegaConf.to_yaml(cfg, resolve=True))
    run.write_environment({"saddle": "0.2.0", "commit": "0123456789abcdef"})
    with pytest.raises(
        ValueError, match=r"loss._target_=saddle.losses.gone.Gone: there is no such(.|\n)*checkout 0123456$"
    ):
        stored_config(run, files=True)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_an_override_may_use_an_old_key_for_one_release(old: str, new: str) -> None:
    words, (note,) = with_present_keys(["-m", f"{old}=1,2", "seed=0"])
    assert words == ["-m", f"{new}=1,2", "seed=0"]
    assert note.startswith(f"{old}=1,2 is now written {new}=1,2")
    assert new.rpartition(".")[2] == old.rpartition(".")[2]


def test_old_keys_compose_to_the_present_configuration() -> None:
    old = ["evaluator.neighbours=2", "evaluator.patches=3", "logger.project=mine"]
    new = ["evaluator.metrics.prdc.neighbours=2", "evaluator.metrics.swd.patches=3", "logger.wandb.project=mine"]
    register_resolvers()
    (cfg, _, notes), (present, _, none) = compose_job(old), compose_job(new)
    assert cfg == present
    assert (len(notes), none) == (3, [])


def test_arguments_that_a_class_did_not_take_before_leave_it_as_it_was() -> None:
    """ADA took neither cutout nor a share for its colours; a file, a node of it and a flat state are all completed."""
    cfg = composed("augment=ada")
    config: Any = OmegaConf.to_container(cfg, resolve=True)
    del config["augment"]["cutout"], config["augment"]["color"]["share"]
    assert upgraded(config) == OmegaConf.to_container(cfg, resolve=True)
    flat = {path: value for path, value in identity(cfg).items() if path != "augment.color.share"}
    assert not differences(flat, identity(cfg))
    other = composed("augment=ada_r3gan_cifar10")
    assert upgraded(OmegaConf.to_container(other, resolve=True)) == OmegaConf.to_container(other, resolve=True)


def test_own_images_of_earlier_versions_were_read_over_white() -> None:
    target, white = "saddle.data.folder.Folder", [255, 255, 255]
    nested = upgraded({"data": {"_target_": target, "root": "a"}, "seed": 0})
    assert nested["data"]["background"] == white
    flat = upgraded({"data._target_": target, "data.root": "a"})
    assert flat["data.background"] == white
    assert upgraded(nested) == nested
    assert upgraded({"data._target_": target, "data.background": [0, 0, 0]})["data.background"] == [0, 0, 0]
    assert "data.background" not in upgraded({"data._target_": "saddle.data.densities.ring.Ring"})
