"""CSV files as a source: any delimiter, any encoding, the header as it comes."""
