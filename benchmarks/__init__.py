"""What is timed. Nothing here is a test: figures go to docs/benchmarks.md with their command, machine and date."""
