"""What users and their programs do: which commands a mail program says in which order, and what it keeps."""
