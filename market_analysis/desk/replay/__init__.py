"""The guard's engine over what has happened: does it decide the same again, and what would other limits have done."""
