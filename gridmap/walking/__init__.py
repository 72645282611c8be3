"""The walking network and bounded searches on it."""
