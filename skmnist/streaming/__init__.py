"""Predictions for more data than fit into memory."""

from skmnist.streaming._predict import predict_batches

__all__ = ["predict_batches"]
