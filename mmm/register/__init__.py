"""The register of plans: what was promised, who approved it, what became of it, in one database with an audit log."""
