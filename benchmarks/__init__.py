"""The benchmarks: how long the commands take, and how much memory, at the sizes they are made for."""
