"""Augmentations: random transforms of the inputs of the discriminator."""
