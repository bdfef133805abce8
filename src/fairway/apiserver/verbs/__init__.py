"""One file per verb; none of them sees HTTP."""
