"""What users read about the settings, written from the settings' own model."""
