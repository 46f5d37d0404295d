"""Tests of the core, the pages and the whole app in a browser."""
