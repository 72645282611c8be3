"""What may lie between two cells."""

from __future__ import annotations

import numpy as np

SEPARATORS = ("none", "wall", "lane", "street", "arterial", "railway", "expressway", "river", "community")
"""What may lie between two cells, from the least to the strongest; where several lie on one stretch, the strongest counts."""

CODE = {name: code for code, name in enumerate(SEPARATORS)}

CROSSABLE = np.array([name not in ("railway", "expressway", "river", "community") for name in SEPARATORS])
"""Whether a walker may cross a separator anywhere along it, by its position in SEPARATORS."""
