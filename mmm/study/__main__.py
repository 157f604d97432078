"""``python -m mmm.study``."""

from mmm.study.run import main

if __name__ == "__main__":
    main()
