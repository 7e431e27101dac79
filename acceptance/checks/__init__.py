"""What is checked after each step: promises, controls, and assumptions about AWS."""
