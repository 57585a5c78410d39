// An object library needs a source, even if no exercise is started.
