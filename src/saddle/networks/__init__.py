"""Networks: from codes to x, and from x to outputs."""
