"""Metrics of samples against data, evaluators as lists of metrics, and feature extractors."""
