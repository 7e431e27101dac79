"""What all services share: parsing of requests, and the formats of answers."""
