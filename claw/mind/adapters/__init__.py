"""The wires on which a language model is asked; `wire.py` beside this folder is what they have in common for the loop."""
