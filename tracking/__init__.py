"""Reads what training jobs did, from AWS, and shows it elsewhere. The program does not need it."""
