"""`python -m hotline`: the same as the `hotline` command."""

from hotline.main import main

main()
