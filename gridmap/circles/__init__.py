"""Ten-minute service circles: coverage, circle polygons and siting."""
