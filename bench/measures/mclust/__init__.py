"""Measures against R's mclust: run each as a module, such as `bench.measures.mclust.bootstrap`."""
