"""Runs on disk: the files and names of their folders, their status, and the messages about them."""
