"""Jobs: the process group, the queue that wakes workers, the schedule."""
