"""Trainers: engine, recipes, evaluation, export."""
