"""The theory of adversarial training, computed exactly: distributions, divergences, optimal discriminators."""
