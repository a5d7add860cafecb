"""The compiled training loop of each Keras backend; `trainer` holds their common base."""
