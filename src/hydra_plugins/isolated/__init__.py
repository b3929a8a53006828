"""The sweep launcher: each job of `-m` in a fresh process. Hydra finds it here by its own convention."""
