"""Fits and predictions for more data than fit into memory."""

from skmnist.streaming._fit import fit_batches
from skmnist.streaming._predict import predict_batches

__all__ = ["fit_batches", "predict_batches"]
