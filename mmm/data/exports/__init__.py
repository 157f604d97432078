"""Tables as platforms export them, joined on one calendar: readers by content, channels by rules, money reconciled."""
