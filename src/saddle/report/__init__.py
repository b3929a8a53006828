"""Runs to tables and figures; never imports a model."""
