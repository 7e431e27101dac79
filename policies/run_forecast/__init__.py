"""How long jobs will take and what they will cost, by what spot jobs met before."""
