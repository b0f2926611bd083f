"""The numbers: graph → frozen tables. Loops over nodes, linear in time; torch is never needed."""
