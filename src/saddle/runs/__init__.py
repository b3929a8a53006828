"""Runs on disk: what a folder holds and how it is called, how a run stands, and what it says to a person."""
