"""What a person looks at: rows of samples along ways through the code, and the numbers that belong to them."""
