"""Cluster DNS: names of Services and of the pods behind them, answered from what the API says."""
