"""Private: organisations, members' households and workers. No record of it reaches a public file."""
