"""Who lives here and who visits: people, their addresses on bridges, and how a new one comes in."""
