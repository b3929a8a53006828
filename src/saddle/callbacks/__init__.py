"""When to measure, and what to write where."""
