"""The guard as a daemon: several accounts in one process, a socket to read from, another to administer by."""
