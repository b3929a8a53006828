"""Names of the folders of sweeps and jobs, made from their overrides.

The same command gives the same names, so it finds the folders that it made before. Names consist of the characters
`[A-Za-z0-9.+_-]`: Hydra accepts a path of these, while its grammar refuses `=`, `,` and others.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from omegaconf import OmegaConf

from saddle.runs.trial import Trial

LONGEST_JOB = 120
LONGEST_SWEEP = 80
LONGEST_GIVEN = 200
"""Most characters of a `name`; file systems allow 255, and the lock and folders moved aside have longer names."""
MOST_VALUES = 4
"""Most values of a swept key that a sweep's name spells out; of more values it shows the first and the last."""
NOT_NAMED = ("fresh", "run", "sweep.retry_failed")
"""Keys that say what to do with an existing folder, and so must not choose another one."""

SAME_JOB = (
    r"(name|updates|logger|callback|advice|log_every|sample_every|sample_images|evaluate_every|checkpoint_every)\b"
)
"""Keys whose value makes no other run, only a longer one or one that is observed differently."""

_FORBIDDEN = r"[^A-Za-z0-9.+_-]"


def job_names(jobs: Sequence[Sequence[str]]) -> list[str]:
    """One folder name for each job, all different (also on a file system that ignores case).

    A name joins `key-value` with `_`, for the keys in which the jobs differ, or for all keys of a single job. A name
    over 120 characters, or one that two jobs share, ends in 8 hexadecimal digits of a hash of the overrides.

    Args:
        jobs: overrides of each job, for instance `["loss=minimax", "seed=0"]`.
    """
    values = [_values(job) for job in jobs]
    named = _keys(values) if len(jobs) == 1 else _differing(values)
    plain = ["_".join(_part(key, job[key]) for key in named if key in job) or "default" for job in values]
    folded = [name.casefold() for name in plain]
    names = []
    for index, (name, job) in enumerate(zip(plain, values, strict=True)):
        if len(name) > LONGEST_JOB or folded.count(name.casefold()) > 1:
            digits = _digits(8, sorted(job.items()), values[:index].count(job))
            name = f"{name[: LONGEST_JOB - 9]}_{digits}"
        names.append(name)
    return names


def single_name(job: Sequence[str]) -> str:
    """The folder name of a run outside a sweep: `name` if its overrides set it, else `job_names` of them."""
    name = _values(job).get("name", "null")
    return job_names([job])[0] if name.strip("\"'") in ("", "null") else _given(name)


def single_folder(overrides: Sequence[str]) -> str:
    """The folder below `runs/` of a run outside a sweep: `single/<name>`.

    A run that an agent of W&B starts is `<sweep>/<job>_<run>`. A W&B sweep may request the same settings twice and
    expects two runs, so each W&B run has its own folder; one that is started again finds its folder.
    """
    if (trial := Trial.current()) is None:
        return f"single/{single_name(overrides)}"
    return f"{readable(trial.sweep)}/{job_names([overrides])[0]}_{readable(trial.run)}"


def register_resolvers() -> None:
    """Define `${single_run:OVERRIDES}`, which `conf/train.yaml` uses."""
    OmegaConf.register_new_resolver("single_run", single_folder, replace=True)


def grown_names(jobs: Sequence[Sequence[str]], listed: Mapping[str, Sequence[str]]) -> list[str]:
    """`job_names` of the jobs of a sweep with a `name`, whose folder may already contain other jobs.

    A job whose settings are listed keeps its name. The name of a new job tells it apart from the other new jobs and
    from all listed ones: after `loss=a,b`, `loss=a,b k=2` adds `loss-a_k-2` and `loss-b_k-2`. Jobs that differ only in
    their number of updates, or in when they are evaluated, are the same job.

    Args:
        jobs: overrides of each job.
        listed: name -> overrides of the jobs that sweep.json lists.
    """
    existing = {frozenset(_settings(overrides).items()): name for name, overrides in listed.items()}
    wanted = [_settings(job) for job in jobs]
    new = [settings for settings in wanted if frozenset(settings.items()) not in existing]
    overrides = [[f"{key}={value}" for key, value in settings.items()] for settings in (*new, *map(dict, existing))]
    names = iter(job_names(overrides))
    return [existing.get(frozenset(settings.items())) or next(names) for settings in wanted]


def sweep_name(jobs: Sequence[Sequence[str]], name: str | None = None) -> str:
    """The folder name of a sweep: `name` if given, else the swept keys with their values and 6 digits of a hash.

    For instance `loss-minimax-nonsaturating_3fa2c1`. The hash covers all overrides of all jobs, in any order. The name
    of a study comes first: `k_steps_d_steps-1-5_09ab3c` for `experiment=k_steps`.
    """
    if name:
        return _given(name)
    values = [_values(job) for job in jobs]
    studies = {job["experiment"] for job in values if "experiment" in job}
    words = [readable(study) for study in studies] if len(studies) == 1 else []
    for key in _differing(values) or ([] if words else _keys(values)):
        distinct = list(dict.fromkeys(readable(job[key]) for job in values if key in job))
        spelled = "-".join(distinct) if len(distinct) <= MOST_VALUES else f"{distinct[0]}..{distinct[-1]}"
        words.append(f"{_short(key)}-{spelled}")
    digits = _digits(6, sorted(sorted(job.items()) for job in values))
    return f"{'_'.join(words)[:LONGEST_SWEEP] or 'default'}_{digits}"


def setting_name(job: str, *, seed: str, run: str = "") -> str:
    """The name of a job without its seed and without the id of the W&B run that it carries out: `loss-minimax`."""
    name = job.removesuffix(f"_{run}") if run else job
    return re.sub(rf"(^|_)seed-{re.escape(seed)}(?=_|$)", "", name).strip("_") or "all runs"


def parts(job: Sequence[str]) -> list[str]:
    """`key-value` of each override, as a job's name joins them."""
    return [_part(key, value) for key, value in _values(job).items()]


def readable(text: str) -> str:
    """`text` with `-` for forbidden characters; of a path its last part and 6 digits of the whole path's hash.

    A text in another script, or one that begins with a dot and would be hidden, also gets digits of its hash, so that
    two such texts do not get one name. A number keeps its value: .5 is 0.5.
    """
    text = re.sub(r"^\.(?=\d)", "0.", text.strip("\"'"))
    is_path = "/" in text or "\\" in text
    last = re.split(r"[/\\]", text.rstrip("/\\"))[-1] if is_path else text
    name = re.sub(f"{_FORBIDDEN}+", "-", re.sub(f"^{_FORBIDDEN}+|{_FORBIDDEN}+$", "", last))
    if is_path or not text.isascii() or name.startswith("."):
        return f"{name}.{_digits(6, text)}".lstrip(".")
    return name or "empty"


def _given(name: str) -> str:
    """The folder name of a `name`; a long one ends in digits of its hash."""
    text = readable(name)
    return text if len(text) <= LONGEST_GIVEN else f"{text[: LONGEST_GIVEN - 9]}_{_digits(8, name)}"


def _values(job: Sequence[str]) -> dict[str, str]:
    """Key -> value as written, without Hydra's own keys; as in Hydra, the last value of a key counts."""
    pairs = [override.partition("=")[::2] for override in job]
    values = {key.lstrip("+"): value for key, value in pairs}
    return {key: value for key, value in values.items() if not re.match(r"hydra[./@]", key) and key not in NOT_NAMED}


def _settings(job: Sequence[str]) -> dict[str, str]:
    """Key -> value of the overrides that tell the jobs of a named sweep apart."""
    return {key: value for key, value in _values(job).items() if not re.match(SAME_JOB, key)}


def _keys(values: Sequence[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(key for job in values for key in job))


def _differing(values: Sequence[dict[str, str]]) -> list[str]:
    return [key for key in _keys(values) if len({job.get(key) for job in values}) > 1]


def _part(key: str, value: str) -> str:
    return f"no-{_short(key[1:])}" if key.startswith("~") else f"{_short(key)}-{readable(value)}"


def _short(key: str) -> str:
    """The package of a key such as `optimizer@optimizer.generator`, which chooses a player's optimiser."""
    return readable(key.rpartition("@")[2])


def _digits(count: int, *of: object) -> str:
    return blake2b(repr(of).encode(), digest_size=count // 2).hexdigest()
