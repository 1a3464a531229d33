"""From a Document and its bytes to what a DMP is told: values, free of any protocol."""
