"""The embedded exchange: a Bybit v5 server with a market and accounts of its own making."""
