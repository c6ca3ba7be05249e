"""The every-step crash test: what survives a crash, the lives between crashes, and the rules that must hold after them."""
