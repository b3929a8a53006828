"""Analysis of latent codes: paths between codes, directions, truncation, and their effect on x."""
