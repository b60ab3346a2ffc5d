"""The venue's answers as typed structs, one module per area."""
