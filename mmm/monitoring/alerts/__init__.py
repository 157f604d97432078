"""Who is told that something is off: rules, an outbox in the register's database, targets."""
