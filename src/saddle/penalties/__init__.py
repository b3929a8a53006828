"""Penalties: what keeps a critic smooth."""
