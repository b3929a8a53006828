"""Processes of this machine: jobs, ranks, threads, streams."""
