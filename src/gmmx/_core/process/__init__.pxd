"""The process in which a pass runs: threads, signals, forks, memory, the processor."""
