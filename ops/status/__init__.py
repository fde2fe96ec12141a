"""`copytrail status`: whether all is well, on one screen."""
