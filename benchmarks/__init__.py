"""Benchmarks: each module is one `netra bench NAME`; results with machine, commit and command go to `results/`."""
