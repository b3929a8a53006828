"""Refuses a wrong configuration in words before anything is built, and builds what a right one describes.

Nothing in here imports torch, so that help and refusals come at once.
"""

from saddle.config.checks import check
from saddle.config.commandline import enter, precheck
from saddle.config.composing import check_jobs
from saddle.config.help import help_on, help_text
from saddle.config.hints import hints
from saddle.config.instantiation import instantiate
from saddle.config.messages import ConfigError
from saddle.config.unused import prune_unused
from saddle.config.words import quote_paths

__all__ = [
    "ConfigError",
    "check",
    "check_jobs",
    "enter",
    "help_on",
    "help_text",
    "hints",
    "instantiate",
    "precheck",
    "prune_unused",
    "quote_paths",
]
