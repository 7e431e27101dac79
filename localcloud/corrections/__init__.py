"""Corrections of moto's services; `corrections` has the list."""
