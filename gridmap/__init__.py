"""gridmap: household-balanced grids, ten-minute service circles and maps for urban communities."""
