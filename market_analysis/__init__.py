"""Account-wide risk desk: see README.md."""
