"""Running skills: files, connections, the boundary behind which anything may fail, the contract, their secrets."""
