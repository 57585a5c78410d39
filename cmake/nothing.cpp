// An object library needs a source, also when no exercise is begun.
