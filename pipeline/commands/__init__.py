"""The commands, one module each: main(argv, program) parses its arguments and calls plain functions."""
