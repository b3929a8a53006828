"""The version of the package, which each run stores."""

VERSION = "0.2.0"
