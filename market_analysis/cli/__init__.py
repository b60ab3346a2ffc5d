"""The command line: arguments in, view out. One file per command."""
