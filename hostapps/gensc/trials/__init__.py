"""Trials of the services behind `gensc bench NAME`: what they survive, and how long they take.

A benchmark of `gensc.bench` is a grid of the experiment engine; a trial runs transmitter and
receiver as programs, kills, floods or loads them, and looks at their books.
"""
