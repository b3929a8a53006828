"""Rules by which one iteration changes parameters; every model can be sampled."""
