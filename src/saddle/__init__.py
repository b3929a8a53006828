"""Saddle: an experiment suite for generative adversarial networks. Training searches a saddle point of V(G, D)."""
