"""What users give, made ready: arrays, images, pixels, labels and weights, each checked once."""
