"""What the system costs: requests counted as the code makes them, and multiplied by AWS's list prices."""
