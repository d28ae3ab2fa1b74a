"""From stills and audio to a talking video."""
