"""How a player's learning rate changes over the updates of a run."""
