"""Terms of prop-firm programmes as settings: one TOML file each, with a source for every term and what is not known of it."""
