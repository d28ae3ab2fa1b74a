"""Evaluation of generators on clips of a dataset, against baselines and real video."""
