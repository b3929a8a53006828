"""The settings of a comparison: runs that differ in their seed alone, under one name."""

from pathlib import Path
from typing import Any

from saddle.report.run import RunRecord
from saddle.report.settings import settings_of
from saddle.runs.identity import identity_of


def run(job: str, config: dict[str, Any]) -> RunRecord:
    overrides = tuple(f"{key}={value}" for key, value in (part.rsplit("-", 1) for part in job.split("/")))
    name = job.replace("/", "_")
    return RunRecord(
        job=name, folder=Path(name), status="finished", overrides=overrides, config=config, settings=identity_of(config)
    )


def of_model(model: str, loss: str, seed: int) -> RunRecord:
    plays = model == "gan"
    config = {"model": {"_target_": model}, "loss": {"_target_": loss} if plays else None, "seed": seed}
    return run(f"model-{model}/loss-{loss}/seed-{seed}", config)


def test_a_model_without_a_loss_is_one_setting_whatever_loss_its_jobs_name() -> None:
    models, losses, seeds = ("fixed", "gan"), ("minimax", "hinge"), (0, 1)
    runs = [of_model(model, loss, seed) for model in models for loss in losses for seed in seeds]
    settings = settings_of(runs)
    assert [setting.name for setting in settings] == ["model-fixed", "model-gan_loss-minimax", "model-gan_loss-hinge"]
    assert [len(setting.runs) for setting in settings] == [4, 2, 2]


def test_null_and_absent_are_one_setting() -> None:
    first, second = {"seed": 0, "augment": None, "k": 1}, {"seed": 1, "k": 1}
    assert len(settings_of([run("a-1/seed-0", first), run("a-1/seed-1", second)])) == 1


def test_equal_names_show_what_differs() -> None:
    settings = settings_of([run("a-1/seed-0", {"seed": 0, "k": k}) for k in (1, 2)])
    assert [setting.name for setting in settings] == ["a-1, k 1", "a-1, k 2"]
