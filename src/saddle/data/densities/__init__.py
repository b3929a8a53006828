"""Data whose distribution is known."""
