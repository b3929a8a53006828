"""Networks: codes to x, x to outputs."""
