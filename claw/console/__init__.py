"""The command line's end of the daemon's socket."""
