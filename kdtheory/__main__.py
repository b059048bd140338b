"""``python -m kdtheory``: the same as the command ``kdtheory``."""

from kdtheory.cli import main

if __name__ == "__main__":  # a worker process imports this file once more
    raise SystemExit(main())
