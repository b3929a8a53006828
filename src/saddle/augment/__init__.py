"""Augmentation: what both players see of x."""
