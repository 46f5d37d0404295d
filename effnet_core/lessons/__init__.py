"""The building blocks taken apart: what each costs and does, computed and measured."""
