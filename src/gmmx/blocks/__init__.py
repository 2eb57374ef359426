"""Samples in blocks: files, tables and iterables that need not fit in memory."""
