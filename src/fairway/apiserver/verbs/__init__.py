"""One file per verb, none of which sees HTTP; ``table`` finds the one that is asked for."""
