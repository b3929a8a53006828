"""One run on several devices, a process for each: what they say to one another, and how they start and end together."""
