"""Evaluation after training: of finished runs, and of one folder of images against another."""
