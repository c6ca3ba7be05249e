"""The page for the phone: who may use it, its one websocket, and the files that a browser loads."""
