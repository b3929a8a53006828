"""Samples against data: distances between images, and the extractors that look at them."""
