"""Where a district and its plans are kept."""
