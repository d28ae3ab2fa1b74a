"""What a build would take and give, from a sample that is built for real."""
