"""The figures of the theory: each draws numbers that other functions have computed."""
