"""What a benchmark refuses to go on with.

BenchError: a server did not start, or gave another answer than the one that is measured.
"""

from __future__ import annotations


class BenchError(Exception):
    """A figure would be a lie; the message names the server and its answer."""
