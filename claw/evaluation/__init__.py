"""`claw eval`: simulated houses and the judge of what changed in them."""
