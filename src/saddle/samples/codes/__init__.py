"""Looking into the code: paths between codes, directions in them, truncation, and what they change in x."""
