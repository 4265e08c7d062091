"""What a plan tells before it is approved: of values, guards, shapes, stale results, sessions; and what the rows are asked."""
