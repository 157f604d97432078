"""One file a platform; its ``RECORD`` says how its exports are laid out (docs/sources.md)."""
