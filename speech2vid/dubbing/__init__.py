"""From a video and other audio to the same video, whose speaker says that audio."""
