"""Programs for developers: the benchmark, the soak and the fuzzer, with what they share."""
