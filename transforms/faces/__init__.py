"""Face detection and tracking: windows to face tracks and face tubes."""
