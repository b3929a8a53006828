"""What the theory of adversarial training says, computed exactly: distributions, divergences, optimal discriminators."""
