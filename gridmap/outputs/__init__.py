"""What leaves gridmap: maps and files for others."""
