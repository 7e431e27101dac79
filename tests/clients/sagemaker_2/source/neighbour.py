NAME = "its neighbour"
