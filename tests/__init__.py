"""The tests. A package, since some distributions on PyPI bring a package `tests` of their own, which would hide this folder."""
