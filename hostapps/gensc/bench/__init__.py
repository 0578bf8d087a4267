"""Benchmarks behind `gensc bench NAME`; each module here has one `run(quick, …)`."""

from gensc.experiment.base import BenchResult, Check, Table

__all__ = ["BenchResult", "Check", "Table"]
