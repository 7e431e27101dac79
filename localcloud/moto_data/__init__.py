"""Reads the data of moto's services, in this process."""
