"""The version of the package, which each run stores."""

VERSION = "0.4.0.dev0"
