"""Tests against parts that only system packages or npm bring: `make test-peers`."""
