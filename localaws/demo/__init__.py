"""`copytrail demo`: the main job on the embedded AWS, checked by itself."""
