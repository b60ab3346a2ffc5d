"""Compiled kernels, one file each. Importing one imports numba (the extra `[fast]`), so they are imported where they are called."""
