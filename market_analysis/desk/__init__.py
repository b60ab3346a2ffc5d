"""Use cases, one file each: what the command line and the service call."""
