"""What is wrong with the files of a workload."""

from __future__ import annotations


class SourceError(ValueError):
    """A trace or a message file is not what it should be; it says which, where, and what is allowed."""
