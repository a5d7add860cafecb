"""Tools that don't depend on classifiers: Keras's import, errors, files, tables, progress."""
