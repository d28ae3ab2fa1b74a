"""Training of the motion network: recipe `motion` of `talkshard train`."""
