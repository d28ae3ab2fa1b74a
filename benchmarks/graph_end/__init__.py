"""The end of the graph at scale: made tables through the commit, the report, the card and the funnel."""
