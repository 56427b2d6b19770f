"""Work that falls due by itself: schedules, leases, and the runner that fires each slot once among many instances."""
