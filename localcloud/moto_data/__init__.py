"""What is asked of the data of moto's services, in this process."""
