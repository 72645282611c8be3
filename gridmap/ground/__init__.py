"""What is on the ground: reading, checking and repairing the tables of a district."""
