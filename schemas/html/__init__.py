"""What the HTML pages of this project have in common."""
