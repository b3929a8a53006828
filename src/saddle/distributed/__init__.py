"""Training on several devices with one process each: communication, start and end."""
