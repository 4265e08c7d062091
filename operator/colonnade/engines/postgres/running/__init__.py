"""What happens once there is a plan: the rehearsal on a copy, the run itself, its journal."""
