"""The search for points that a discriminator scores high."""
