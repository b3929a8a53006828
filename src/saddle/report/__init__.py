"""Runs as tables and figures. Never imports a model."""
