"""The sweep launchers: each job of `-m` in its own process. Hydra finds this package by its naming convention."""
