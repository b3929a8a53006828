"""What the studies of experiments/ share."""
