"""Did it happen: spend and outcome against the plan that was approved, judged by a test that may be looked at daily."""
