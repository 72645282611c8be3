from __future__ import annotations

import subprocess
import sys

import pytest

GREEDY = """
from gridmap.system import limit_process
assert limit_process(memory_bytes=500_000_000, cpu_seconds=5)
bytearray(2_000_000_000)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
def test_a_process_beyond_its_memory_is_stopped(python: list[str]) -> None:
    run = subprocess.run([*python, "-c", GREEDY], capture_output=True, text=True, check=False)
    assert "MemoryError" in run.stderr
