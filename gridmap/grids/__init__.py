"""Household-balanced grids: cells, neighbours, certificates, search and plans."""
