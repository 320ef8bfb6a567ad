"""What was measured over data sets and planted worlds, for the pages that show it.

A folder per experiment: what measures (`python -m book.experiments.<name>.measure`, from the root of the
checkout), the `results` it keeps, the code that reads them (`tables`) and the code that draws them
(`figures`). Nothing here is part of the installed package: it serves pages 9 to 13, not data of one's own.
"""
