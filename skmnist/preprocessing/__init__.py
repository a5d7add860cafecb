"""Transformers of images for the classical classifiers."""
