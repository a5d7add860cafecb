"""Classifiers made of several: the stack on a network's features, and the committee."""
