"""`python -m mastractl`, and the console script."""


def main() -> None:
    """Placeholder until the command line stands."""


if __name__ == "__main__":
    main()
