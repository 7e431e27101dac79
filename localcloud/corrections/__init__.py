"""What moto's services lack or do wrong, corrected: `corrections` has the list."""
