"""The Django application whose model `dumpdata` writes; it needs a module named `models`."""
