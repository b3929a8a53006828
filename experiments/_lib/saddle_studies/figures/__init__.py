"""Figures of the theory's claims: each module has one pure function, `draw`, that is handed finished numbers."""
