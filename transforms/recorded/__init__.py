"""Tell inputs that a dataset holds already from new ones, and read its rows and clips back."""
