"""From what differs to acts in their order, and the way back."""
