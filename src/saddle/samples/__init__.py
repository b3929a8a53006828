"""Samples of finished runs, and views of their latent codes."""
