"""From audio to the motion of a face's mesh, in the head's own pose, for people never seen."""
