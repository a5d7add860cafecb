"""The compiled training loop, once for each backend of Keras; `Trainer` is what they share."""
