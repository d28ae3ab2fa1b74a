"""Training of the painter: from pairs of frames of one clip, warped to each other by their meshes."""
