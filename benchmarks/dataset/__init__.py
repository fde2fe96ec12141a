"""What the benchmarks are run on. The same sizes give the same things, each made when it is asked for."""
