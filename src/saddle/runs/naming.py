"""Folder names made from override strings: which job of which sweep lies where.

The same command gives the same names, so it finds the folders of its earlier run. Names hold the characters
`[A-Za-z0-9.+_-]` only: a path made of them can be given back to Hydra, whose grammar refuses `=`, `,` and others.
"""

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b

LONGEST_JOB = 120
LONGEST_SWEEP = 80
MOST_VALUES = 4
"""Values of one swept key that are spelled out in a sweep's name; of more, the first and the last."""
NOT_NAMED = ("fresh", "run", "sweep.retry_failed")
"""Keys that say what to do with a folder that is there, and so must not choose another one."""

NO_OTHER_JOB = (
    r"(name|updates|logger|callback|advice|log_every|sample_every|sample_images|evaluate_every|checkpoint_every)\b"
)
"""Keys of which another value asks for the same run, longer or looked at otherwise."""

_FORBIDDEN = r"[^A-Za-z0-9.+_-]"


def job_names(jobs: Sequence[Sequence[str]]) -> list[str]:
    """One folder name for each job, all different (also where a file system ignores case).

    A name is `key-value` joined by `_`: of the keys in which the jobs differ, or of all keys if there is one job only.
    A name over 120 characters, or one that two jobs share, ends in 8 hexadecimal digits of a hash of the overrides.

    Args:
        jobs: the overrides of each job, for instance `["loss=minimax", "seed=0"]`.
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
    """The folder of a run that is no job of a sweep: `name` if its overrides give one, else all of them."""
    name = _values(job).get("name", "null")
    return job_names([job])[0] if name.strip("\"'") in ("", "null") else readable(name)


def grown_names(jobs: Sequence[Sequence[str]], listed: Mapping[str, Sequence[str]]) -> list[str]:
    """`job_names` of the jobs of a sweep that has a name of its own, in which there may be others.

    A job whose settings are listed keeps the name that it has there. A new one is named by what makes it different from
    the other new ones and from all that are listed: after `loss=a,b`, `loss=a,b k=2` adds `loss-a_k-2` and
    `loss-b_k-2`. How long a run trains, and when it is looked at, makes no other job of it.

    Args:
        jobs: the overrides of each.
        listed: name -> overrides of the jobs that are there.
    """
    there = {frozenset(_settings(overrides).items()): name for name, overrides in listed.items()}
    own = [_settings(job) for job in jobs]
    new = [settings for settings in own if frozenset(settings.items()) not in there]
    words = [[f"{key}={value}" for key, value in settings.items()] for settings in (*new, *map(dict, there))]
    names = iter(job_names(words))
    return [there.get(frozenset(settings.items())) or next(names) for settings in own]


def sweep_name(jobs: Sequence[Sequence[str]], name: str | None = None) -> str:
    """The folder of a sweep: `name` if there is one, else the swept keys with their values and 6 digits of a hash.

    `loss-minimax-nonsaturating_3fa2c1`. The hash is that of all overrides of all jobs, whatever their order. A study's
    name stands in front: `k_steps_d_steps-1-5_09ab3c` for `experiment=k_steps`.
    """
    if name:
        return readable(name)
    values = [_values(job) for job in jobs]
    studies = {job["experiment"] for job in values if "experiment" in job}
    parts = [readable(study) for study in studies] if len(studies) == 1 else []
    for key in _differing(values) or ([] if parts else _keys(values)):
        distinct = list(dict.fromkeys(readable(job[key]) for job in values if key in job))
        spelled = "-".join(distinct) if len(distinct) <= MOST_VALUES else f"{distinct[0]}..{distinct[-1]}"
        parts.append(f"{_place(key)}-{spelled}")
    digits = _digits(6, sorted(sorted(job.items()) for job in values))
    return f"{'_'.join(parts)[:LONGEST_SWEEP] or 'default'}_{digits}"


def setting_name(job: str, *, seed: str, run: str = "") -> str:
    """The name of a job without its seed, and without the W&B run that an agent began it for: `loss-minimax`."""
    own = job.removesuffix(f"_{run}") if run else job
    return re.sub(rf"(^|_)seed-{re.escape(seed)}(?=_|$)", "", own).strip("_") or "all runs"


def readable(text: str) -> str:
    """`text` in allowed characters: others become `-`; of a path its last part and 6 digits of the whole path's hash.

    A text in another script keeps its digits of hash, so that two of them do not become one name.
    """
    text = text.strip("\"'")
    is_path = "/" in text or "\\" in text
    last = re.split(r"[/\\]", text.rstrip("/\\"))[-1] if is_path else text
    name = re.sub(f"{_FORBIDDEN}+", "-", re.sub(f"^{_FORBIDDEN}+|{_FORBIDDEN}+$", "", last))
    if is_path or not text.isascii():
        return f"{name}.{_digits(6, text)}".lstrip(".")
    return name.lstrip(".") or "empty"


def _values(job: Sequence[str]) -> dict[str, str]:
    """Key -> value as written; of a key given twice the last, as Hydra does; without Hydra's own keys."""
    pairs = [override.partition("=")[::2] for override in job]
    values = {key.lstrip("+"): value for key, value in pairs}
    return {key: value for key, value in values.items() if not re.match(r"hydra[./@]", key) and key not in NOT_NAMED}


def _settings(job: Sequence[str]) -> dict[str, str]:
    """Key -> value of what makes a job of a named sweep another one."""
    return {key: value for key, value in _values(job).items() if not re.match(NO_OTHER_JOB, key)}


def _keys(values: Sequence[dict[str, str]]) -> list[str]:
    return list(dict.fromkeys(key for job in values for key in job))


def _differing(values: Sequence[dict[str, str]]) -> list[str]:
    return [key for key in _keys(values) if len({job.get(key) for job in values}) > 1]


def _part(key: str, value: str) -> str:
    return f"no-{_place(key[1:])}" if key.startswith("~") else f"{_place(key)}-{readable(value)}"


def _place(key: str) -> str:
    """`optimizer@optimizer.generator`, the choice of a player's optimiser, is named for where it stands."""
    return readable(key.rpartition("@")[2])


def _digits(count: int, *of: object) -> str:
    return blake2b(repr(of).encode(), digest_size=count // 2).hexdigest()
