"""A still whose face moves: warped by the face mesh, with what a warp cannot know painted by a small network."""
