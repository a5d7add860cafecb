"""The commands of ``skmnist``, one module each, and what they share.

A command checks its arguments before it imports anything that takes seconds.
"""
