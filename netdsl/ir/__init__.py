"""The graph and what it is made of: small types, the base of operators, verification, printing."""
