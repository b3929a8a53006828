"""Models: how one update changes parameters, and how samples are drawn."""
