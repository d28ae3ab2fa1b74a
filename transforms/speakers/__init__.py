"""FindSpeakers: sync networks, active-speaker assignment, speaking turns and drift."""
