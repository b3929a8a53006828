"""Theory that single studies measure."""
