"""What Waymark costs, measured in one run beside a hand-written SQL floor."""
