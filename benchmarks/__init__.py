"""Benchmarks: each module is one `netra bench NAME`; figures with machine and commit go to `results/`."""
