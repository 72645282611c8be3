"""``python -m gridmap`` is the same as ``gridmap``."""

from gridmap.cli import main

if __name__ == "__main__":
    main()
