"""What a person may type: moments, lengths of time, sizes, rates, keys, filters."""
