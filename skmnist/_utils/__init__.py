"""What all parts of the package use."""
