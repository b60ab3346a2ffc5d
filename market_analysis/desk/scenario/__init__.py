"""`rules test`: an account's day in readable text, lived by the real guard."""
