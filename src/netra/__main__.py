"""`python -m netra`: the command line."""

from netra.cli.main import main

if __name__ == "__main__":
    main()
