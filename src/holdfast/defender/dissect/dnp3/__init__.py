"""DNP3 (IEEE 1815-2012): link frames, transport segments, application fragments and their objects."""
