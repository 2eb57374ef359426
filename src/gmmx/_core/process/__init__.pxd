"""The process that a pass runs in: threads, signals, forks, the processor."""
