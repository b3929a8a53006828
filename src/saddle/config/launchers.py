"""The types of a sweep launcher's settings, by the launcher's class."""

from typing import Any, Literal, TypedDict, get_type_hints

from omegaconf import DictConfig, OmegaConf
from pydantic import NonNegativeInt, PositiveInt

from saddle.config.kinds import describe, fits, mended
from saddle.config.messages import ConfigError, show


class Isolated(TypedDict):
    """Settings of `hydra_plugins.isolated.launcher`."""

    jobs: PositiveInt


class Submitted(TypedDict):
    """Settings of `hydra_plugins.isolated.submitted`."""

    cluster: Literal["slurm", "local"]
    jobs: PositiveInt | None
    timeout_min: PositiveInt
    max_timeouts: NonNegativeInt
    gpus_per_node: NonNegativeInt | None
    cpus_per_task: PositiveInt
    mem_gb: PositiveInt | None
    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    setup: list[str]


LAUNCHERS: dict[str, Any] = {"IsolatedLauncher": Isolated, "SubmittedLauncher": Submitted}


def check_launcher(node: DictConfig) -> None:
    """Refuse a value that the launcher cannot take; Hydra's own launchers check themselves.

    Raises:
        ConfigError: names it.
    """
    values: Any = OmegaConf.to_container(node, resolve=True)
    known = LAUNCHERS.get(str(values.get("_target_")).rpartition(".")[2])
    for key, kind in get_type_hints(known, include_extras=True).items() if known else ():
        if not fits(value := values.get(key), kind):
            path, right = f"hydra.launcher.{key}", mended(value, kind)
            hint = f"; write {path}={right}" if right else ""
            raise ConfigError(f"{path}={show(value)}: {path} takes {describe(kind)}{hint}")
