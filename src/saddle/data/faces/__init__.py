"""Rendered faces with known attributes."""
