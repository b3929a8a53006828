"""Images from folders."""
