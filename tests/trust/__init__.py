"""What makes every engine trustworthy, written once and run over all: races, kills, lost connections."""
