"""Tools that know nothing of classifiers: Keras's import, errors, files, tables, progress."""
