"""A release: the indicators and flows that leave, with their page, and only after the attacker."""
