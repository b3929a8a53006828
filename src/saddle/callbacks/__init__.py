"""Callbacks: when to measure a model, and what to write."""
