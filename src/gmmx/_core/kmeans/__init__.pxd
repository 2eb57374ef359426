"""The passes of k-means: their task, plan and chunks of samples."""
