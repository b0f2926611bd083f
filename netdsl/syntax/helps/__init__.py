"""What a mistake of syntax was meant to be: rules that each look at its place, and try their edits on the text."""
