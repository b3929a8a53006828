"""What x is: sets of real samples, and how a sample becomes a picture."""
